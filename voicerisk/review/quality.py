"""What was reviewed and what was not: coverage of the queues, the gap between two views, conclusions of the day."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import msgspec

from voicerisk.review.calls import Gathered, Score
from voicerisk.store.history import Mark
from voicerisk.store.past import Seen


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """One queue: its calls in the time looked back on, when it was last reviewed and last had feedback (None: never).

    `uncovered` says that it had neither.
    """

    queue: str
    calls: int
    reviewed_at_s: float | None
    feedback_at_s: float | None
    uncovered: bool


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """How one queue is seen from inside and by its customers, means of 0 to 5; `gap` is inside less customers."""

    queue: str
    inside: float
    n_inside: int
    customers: float
    n_customers: int
    gap: float


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """Customers' scores, brought to 0 to 5; `unseen` are bad ones of calls without an alert or a red voice."""

    n: int
    mean: float | None
    bad: int
    unseen: int


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What reviewers found of one process or policy: how often, and their notes."""

    topic: str
    marks: int
    notes: Sequence[str]


BAD_OF_5 = 2.0
"""A score of this or less is bad."""


def covered_queues(
    calls: Mapping[str, Seen], feedback: Mapping[str, Seen], reviewed_at_s: Mapping[str, float]
) -> Sequence[Covered]:
    """A line for each queue that had calls, those without review and feedback first."""
    lines = []
    for queue, seen in calls.items():
        told = feedback.get(queue)
        reviewed = reviewed_at_s.get(queue)
        lines.append(
            Covered(
                queue=queue,
                calls=seen.n,
                reviewed_at_s=reviewed,
                feedback_at_s=told.last_at_s if told else None,
                uncovered=told is None and reviewed is None,
            )
        )
    return sorted(lines, key=lambda line: (not line.uncovered, -line.calls, line.queue))


def gaps(inside: Iterable[Score], customers: Iterable[Score]) -> Sequence[Gap]:
    """A line for each queue that has scores of both kinds, the widest gap first."""
    ours, theirs = _by_queue(inside), _by_queue(customers)
    lines = []
    for queue in ours.keys() & theirs.keys():
        a, b = fmean(ours[queue]), fmean(theirs[queue])
        lines.append(
            Gap(
                queue=queue, inside=a, n_inside=len(ours[queue]), customers=b, n_customers=len(theirs[queue]), gap=a - b
            )
        )
    return sorted(lines, key=lambda line: (-line.gap, line.queue))


def feedback_of(found: Gathered, alerted: frozenset[str]) -> Feedback:
    """The span's feedback; `alerted` are the calls that had an alert."""
    bad = [score for score in found.feedback if score.of_5 <= BAD_OF_5]

    def was_seen(call: str | None) -> bool:
        line = found.calls.get(call or "")
        return call in alerted or (line is not None and line.red)

    scores = [score.of_5 for score in found.feedback]
    unseen = sum(not was_seen(score.call) for score in bad)
    return Feedback(n=len(scores), mean=fmean(scores) if scores else None, bad=len(bad), unseen=unseen)


def conclusions(marks: Iterable[Mark]) -> Sequence[Conclusion]:
    """The marks with a topic, by topic, the most frequent first."""
    of: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.topic.strip():
            of.setdefault(mark.topic.strip(), []).append(mark)
    lines = [
        Conclusion(topic=topic, marks=len(own), notes=[mark.note for mark in own if mark.note])
        for topic, own in of.items()
    ]
    return sorted(lines, key=lambda line: (-line.marks, line.topic))


def _by_queue(scores: Iterable[Score]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for score in scores:
        if score.queue:
            found.setdefault(score.queue, []).append(score.of_5)
    return found
