"""What events say: the labels, units and limits of their fields."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta


class Role(StrEnum):
    """Whose voice a channel carries."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Zone(StrEnum):
    """Where a gauge's needle stands."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Evidence(StrEnum):
    """Whether a block of audio told anything about the customer, and if not, why not."""

    HEARD = "heard"
    NO_SPEECH = "no_speech"
    GAPS = "gaps"
    NOT_SCORED = "not_scored"
    TOO_LITTLE_SPEECH = "too_little_speech"


CUSTOMER_PATTERN: Final = r"^h:([0-9a-z]{1,8}:)?[0-9a-f]{16,64}\Z"
UNIT_PATTERN: Final = r"^(?!\+?[\d\s().-]{7,}\Z)"

LATEST_AT_S: Final = 4_102_444_800.0
"""The year 2100: an `at` beyond it is in the wrong unit (milliseconds), not in the future."""

Id = Annotated[str, Meta(min_length=1, max_length=256)]
EventId = Annotated[str, Meta(min_length=1, max_length=400)]
Label = Annotated[str, Meta(min_length=1, max_length=128)]
Unit = Annotated[str, Meta(min_length=1, max_length=128, pattern=UNIT_PATTERN)]
Customer = Annotated[str, Meta(pattern=CUSTOMER_PATTERN)]
EpochS = Annotated[float, Meta(ge=0.0, le=LATEST_AT_S)]
Seconds = Annotated[float, Meta(ge=0.0, le=1e7)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event says beyond who and when."""


class Reason(Data, frozen=True, kw_only=True):
    """One cause of an alert: a number, what it usually is here, and both in plain words.

    `value` and `baseline` are in `unit`; `baseline` is None while the caller's own usual is not known.
    """

    code: Label
    value: float
    baseline: float | None = None
    unit: str = ""
    text: Annotated[str, Meta(max_length=500)] = ""


class Nothing(Data, frozen=True, kw_only=True):
    """The event's type says it all."""


class Waited(Data, frozen=True, kw_only=True):
    """How long the caller waited, where the sender knows."""

    wait_s: Seconds | None = None


class Started(Data, frozen=True, kw_only=True):
    """Who rang whom."""

    direction: Annotated[str, Meta(pattern="^(in|out)bound$")] = "inbound"


class Moved(Data, frozen=True, kw_only=True):
    """Where the caller was sent: a unit's name, never a number, and about what."""

    to: Unit
    topic: Label | None = None


class Ended(Data, frozen=True, kw_only=True):
    """Why the call ended, as the gateway put it."""

    reason: Annotated[str, Meta(max_length=128)] = ""


class ContactReason(Data, frozen=True, kw_only=True):
    """Why the customer got in touch."""

    reason: Label


class Window(Data, frozen=True, kw_only=True):
    """What was heard up to media second `at_s`.

    `level` is the tension after the caller's own baseline; `zone` what the tracker makes of it. `tension stress arousal
    valence emotion` are the model's own scores of its rolling window (None: not scored). `evidence_s` is the speech
    that was judged since the last window. `quality` is the share of audio that arrived.
    """

    start_s: Seconds
    at_s: Seconds
    level: Share
    zone: Zone
    evidence: Evidence
    evidence_s: Seconds
    speech: Share
    quality: Share
    tension: Share | None = None
    stress: Share | None = None
    arousal: Share | None = None
    valence: Share | None = None
    emotion: dict[str, float] = {}
    reasons: tuple[Reason, ...] = ()


class Crossing(Data, frozen=True, kw_only=True):
    """The tension crossed from one zone to another at media second `at_s`."""

    at_s: Seconds
    level: Share
    zone: Zone
    previous: Zone
    reasons: tuple[Reason, ...] = ()


class Overlap(Data, frozen=True, kw_only=True):
    """Both spoke at once; `by` is who came in over the other."""

    start_s: Seconds
    at_s: Seconds
    by: Role


class Silence(Data, frozen=True, kw_only=True):
    """Nobody has spoken since `start_s`."""

    start_s: Seconds
    at_s: Seconds


class Promise(Data, frozen=True, kw_only=True):
    """Something was promised to the customer, due at `due_at`."""

    promise: Id
    due_at: EpochS
    what: Annotated[str, Meta(max_length=200)] = ""


class PromiseId(Data, frozen=True, kw_only=True):
    """The promise was kept."""

    promise: Id


class Incident(Data, frozen=True, kw_only=True):
    """Which incident (one problem, any number of contacts)."""

    incident: Id


class Feedback(Data, frozen=True, kw_only=True):
    """The customer's own score of one contact, from 0 up to `best`."""

    score: Annotated[float, Meta(ge=0.0, le=100.0)]
    best: Annotated[float, Meta(gt=0.0, le=100.0)] = 5.0
    channel: Label | None = None


class Crm(Data, frozen=True, kw_only=True):
    """A fact from the CRM; `outage.on` and `outage.off` are the subtypes that the engine knows."""

    subtype: Label
    fields: Annotated[dict[Label, Annotated[str, Meta(max_length=500)] | float | bool | None], Meta(max_length=64)] = {}


class Ready(Data, frozen=True, kw_only=True):
    """How many agents of the queue are ready for a call."""

    ready: Annotated[int, Meta(ge=0, le=1_000_000)]
