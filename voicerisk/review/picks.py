"""Which calls a reviewer hears first: those most likely to teach something, and a few calm ones by chance."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec


class Why(StrEnum):
    """Why a call is worth a review."""

    ALERTED = "alerted"
    TENSE = "tense"
    REPEAT = "repeat"
    TRANSFERRED = "transferred"
    BAD_FEEDBACK = "bad_feedback"
    UNCOVERED = "uncovered"
    """Nobody has reviewed its queue lately."""
    BY_CHANCE = "by_chance"
    """A calm one: what should have alerted and did not is found only here."""


WORTH: Final = {
    Why.ALERTED: 3.0,
    Why.TENSE: 2.0,
    Why.BAD_FEEDBACK: 2.0,
    Why.REPEAT: 1.0,
    Why.TRANSFERRED: 1.0,
    Why.UNCOVERED: 1.5,
}
"""What each counts; a repeat and a transfer count once for each call, or transfer, above the first."""

_MOST_TIMES: Final = 3


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A call that may be reviewed; `max_tension` 0 to 1 (None: not heard), `nth` which one of its customer's day."""

    call: str
    queue: str
    started_at_s: float
    alerted: bool = False
    red: bool = False
    max_tension: float | None = None
    nth: int = 1
    transfers: int = 0
    bad_feedback: bool = False
    uncovered: bool = False


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A call to review; `value` orders those that are not there by chance."""

    call: str
    queue: str
    started_at_s: float
    max_tension: float | None
    value: float
    why: Sequence[Why]


def pick(candidates: Iterable[Candidate], n: int, calm_share: float, seed: str) -> Sequence[Chosen]:
    """At most `n` calls, the most valuable first, of which `calm_share` (0 to 1) are calm ones taken by chance.

    The same calls and the same seed give the same picks; where one sort runs out, the other fills up. From a queue that
    nobody has reviewed lately at least its most valuable call is taken before any other queue's second best.
    """
    worth: list[Chosen] = []
    calm: list[Chosen] = []
    for one in candidates:
        chosen = _judged(one)
        plain = all(why is Why.UNCOVERED for why in chosen.why)
        (calm if plain else worth).append(chosen)
    worth.sort(key=lambda one: (-one.value, _chance(seed, one.call)))
    calm.sort(key=lambda one: (-one.value, _chance(seed, one.call)))
    first = _one_of_each_uncovered(worth, calm)
    rest = [one for one in worth if one.call not in first]
    calm = sorted((one for one in calm if one.call not in first), key=lambda one: _chance(seed, one.call))
    n_calm = min(len(calm), max(round(n * calm_share), n - len(first) - len(rest)), n)
    by_value = [*first.values(), *rest][: n - n_calm]
    by_chance = [msgspec.structs.replace(one, why=(*one.why, Why.BY_CHANCE)) for one in calm[:n_calm]]
    return [*sorted(by_value, key=lambda one: (-one.value, one.started_at_s, one.call)), *by_chance]


def _judged(one: Candidate) -> Chosen:
    why: list[Why] = []
    value = one.max_tension or 0.0

    def counts(reason: Why, times: int) -> None:
        nonlocal value
        if times > 0:
            why.append(reason)
            value += WORTH[reason] * min(times, _MOST_TIMES)

    counts(Why.ALERTED, int(one.alerted))
    counts(Why.TENSE, int(one.red))
    counts(Why.BAD_FEEDBACK, int(one.bad_feedback))
    counts(Why.REPEAT, one.nth - 1)
    counts(Why.TRANSFERRED, one.transfers)
    counts(Why.UNCOVERED, int(one.uncovered))
    return Chosen(
        call=one.call, queue=one.queue, started_at_s=one.started_at_s, max_tension=one.max_tension,
        value=round(value, 4), why=tuple(why),
    )  # fmt: skip


def _one_of_each_uncovered(worth: Sequence[Chosen], calm: Sequence[Chosen]) -> Mapping[str, Chosen]:
    """The best call of each queue that nobody has reviewed lately, by its id."""
    best: dict[str, Chosen] = {}
    for one in (*worth, *calm):
        if Why.UNCOVERED in one.why:
            best.setdefault(one.queue, one)
    return {one.call: one for one in best.values()}


def _chance(seed: str, call: str) -> bytes:
    return blake2b(f"{seed}|{call}".encode(), digest_size=8).digest()
