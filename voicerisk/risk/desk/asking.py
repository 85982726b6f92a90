"""Whether a customer may be asked for feedback: not twice within the set time, and not where they do not want it."""

from enum import StrEnum

import msgspec

from voicerisk.risk.desk.customers import NEVER, CustomerFacts
from voicerisk.risk.desk.settings import DeskSettings


class NotAsked(StrEnum):
    """Why a customer is not to be asked now."""

    ASKED_RECENTLY = "asked_recently"
    PREFERS_NOT = "prefers_not"


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: `why_not` None means yes, by `channel` where the customer prefers one.

    `not_before_s` (epoch seconds) is from when they may be asked again, None where that is not a matter of time.
    """

    why_not: NotAsked | None = None
    not_before_s: float | None = None
    channel: str | None = None


def may_ask(facts: CustomerFacts, settings: DeskSettings, now: float) -> Asking:
    """Whether this customer may be asked for feedback at `now`."""
    if facts.prefers == NEVER:
        return Asking(why_not=NotAsked.PREFERS_NOT)
    if facts.asked_at_s is not None and now < (again_s := facts.asked_at_s + settings.ask_again_s):
        return Asking(why_not=NotAsked.ASKED_RECENTLY, not_before_s=again_s, channel=facts.prefers)
    return Asking(channel=facts.prefers)
