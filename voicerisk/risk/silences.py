"""Silences: alerts that match do not ring until then. They are still opened, shown, counted and written down."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from voicerisk.risk.alerts import Alert

MAX_SILENCES: Final = 500
MAX_SILENCE_S: Final = 30 * 86400.0
"""A silence that is meant to last for ever is a rule that should be switched off."""


class Matcher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True for alerts whose label has one of these values (or, negated, none of them).

    Labels are those of `labels_of`: rule, severity, owner, gauge, call, customer, queue, incident, and what the
    call's own labels say. A label that the alert does not have counts as "".
    """

    label: Annotated[str, Meta(min_length=1, max_length=128)]
    values: Annotated[tuple[Annotated[str, Meta(max_length=400)], ...], Meta(min_length=1, max_length=50)]
    negated: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it is true for an alert with these labels."""
        return (labels.get(self.label, "") in self.values) is not self.negated


def labels_of(alert: Alert) -> dict[str, str]:
    """What a silence may match: the alert's own labels, and what the engine knows of it, where it is known."""
    known = {
        "rule": alert.rule,
        "severity": alert.severity.value,
        "owner": alert.owner,
        "gauge": alert.gauge,
        "call": alert.call_id,
        "customer": alert.customer,
        "queue": alert.queue,
        "incident": alert.incident,
    }
    return alert.labels | {name: value for name, value in known.items() if value is not None}


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who keeps which alerts quiet, from when until when (epoch seconds), and why. All matchers must match.

    `ended_by` is who ended it before its time; `until_s` is then when that was.
    """

    id: str
    matchers: tuple[Matcher, ...]
    from_s: float
    until_s: float
    person: str
    why: str
    ended_by: str | None = None


class UnknownSilenceError(LookupError):
    """There is no silence of that id (any more)."""


class SilenceError(ValueError):
    """Such a silence cannot be made; the text says why."""


class Silences:
    """The silences in force."""

    def __init__(self) -> None:
        self._silences: dict[str, Silence] = {}

    def all(self) -> tuple[Silence, ...]:
        """Those in force, the oldest first."""
        return tuple(self._silences.values())

    def make(self, matchers: tuple[Matcher, ...], until_s: float, person: str, why: str, now: float) -> Silence:
        """A new silence from `now` on. Raises SilenceError for one that is over already, too long, or one too many."""
        if not now < until_s <= now + MAX_SILENCE_S:
            raise SilenceError(f"a silence ends within {MAX_SILENCE_S / 86400:g} days from now, and not before now")
        if not matchers:
            raise SilenceError("a silence needs something to match: without it every alert would be quiet")
        if len(self._silences) >= MAX_SILENCES:
            raise SilenceError(f"there are {MAX_SILENCES} silences already; end one first")
        made_of = msgspec.json.encode((now, matchers, until_s, person, why))
        id_ = "si-" + blake2b(made_of, digest_size=8).hexdigest()
        silence = Silence(id=id_, matchers=matchers, from_s=now, until_s=until_s, person=person, why=why)
        self._silences[id_] = silence
        return silence

    def end(self, id_: str, person: str, now: float) -> Silence:
        """The silence as it ended. Raises UnknownSilenceError."""
        silence = self._silences.pop(id_, None)
        if silence is None:
            raise UnknownSilenceError(f"there is no silence {id_[:100]!r} in force")
        return msgspec.structs.replace(silence, until_s=now, ended_by=person)

    def hushing(self, labels: Mapping[str, str], at_s: float) -> str | None:
        """The id of a silence that keeps an alert with these labels quiet at `at_s`; None: it may ring."""
        for silence in self._silences.values():
            if silence.until_s > at_s and all(matcher.matches(labels) for matcher in silence.matchers):
                return silence.id
        return None

    def next_due_s(self) -> float | None:
        """When the next one ends by itself."""
        return min((silence.until_s for silence in self._silences.values()), default=None)

    def expire(self, at_s: float) -> list[Silence]:
        """Lets go of those that are over at `at_s`."""
        over = [silence for silence in self._silences.values() if silence.until_s <= at_s]
        for silence in over:
            del self._silences[silence.id]
        return over

    def restore(self, silences: tuple[Silence, ...]) -> None:
        """Go on with stored silences."""
        self._silences = {silence.id: silence for silence in sorted(silences, key=lambda s: (s.from_s, s.id))}
