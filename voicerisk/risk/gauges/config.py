"""What a gauge measures: which events, counted how, over which window, one needle for each of what."""

from enum import StrEnum
from typing import Final, Literal

import msgspec

from voicerisk.risk.texts import Text
from voicerisk.zones import Zones


class GaugeKind(StrEnum):
    """How events make the number."""

    LAST = "last"
    """The latest value."""
    COUNT = "count"
    """Events in the window; with `opens` the items open now; with `per` the distinct ones."""
    RATIO = "ratio"
    """`of` by `among` in the window, 0 where there is nothing to divide by."""
    MEAN = "mean"
    """The mean of `of.field` in the window; without a field the number of `of` for each distinct `per`."""
    MAX_AGE = "max_age"
    """Seconds since the oldest open item was opened, or past the earliest due time."""
    LEVEL = "level"
    """A continuous signal: the tension of a call, or a `formula` over other gauges."""
    SPIKE = "spike"
    """The last hour's count by what is usual at this hour of this weekday."""


class GaugeKey(StrEnum):
    """What there is one needle for each of."""

    CALL = "call"
    CUSTOMER = "customer"
    INCIDENT = "incident"
    QUEUE = "queue"
    GROUP = "group"
    """A group of agents (`[risk.site] groups`). There is no needle per agent, and none will be made."""
    REASON = "reason"
    """The reason of contact."""
    HOUR = "hour"
    """The hour of the site's day, "00" to "23", at which it happened."""
    SITE = "site"


class Pick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events count, and which number of theirs.

    Attributes:
        events: Event types ("call.queued"), or measures of the service's own (`OwnMeasure`).
        field: A number in the event's data; "score_of_5" is a feedback's score brought to 0 to 5.
        where: Only where each of these (`queue`, or a field of data; `fields.x` of a CRM event) has this value, or one
            of these values.
        at_least: Only where these numbers are at least so much.
        at_most: Only where these numbers are at most so much.
    """

    events: tuple[str, ...]
    field: str = ""
    where: dict[str, str | float | bool | tuple[str | float | bool, ...]] = {}
    at_least: dict[str, float] = {}
    at_most: dict[str, float] = {}


class Quotient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="quotient"):
    """One gauge's value by another's of the same key, e.g. callers waiting by agents ready.

    `least` is the smallest number divided by: with nobody ready, 3 waiting callers are a load of 3 / `least`.
    """

    of: str
    by: str
    least: float = 0.5


class Strain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="strain"):
    """Several gauges in trouble at once: 2 where `red` of them are red, else 1 where all are amber or red, else 0.

    Of a gauge with other keys than the strain's own, the worst needle counts.
    """

    gauges: tuple[str, ...]
    red: int = 2


WINDOWS: Final = ("local_hour", "local_day", "local_week")
"""Calendar windows, by the site's clock; a sliding one is a number and a unit: "90s", "15m", "2h", "30d"."""

ITEMS: Final = ("call", "customer", "incident", "promise", "id")
"""What may tell one item from another: a label of the event, or its own id."""


class GaugeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gauge.

    Attributes:
        title: What the needle shows, per language.
        kind: How events make the number.
        key: What there is one needle for each of.
        of: What is measured. For `max_age`: a measure of the service's own whose value is since when (epoch seconds).
        among: What the ratio or the mean is taken among.
        per: Counted once for each distinct "call", "customer" or "incident"; see `GaugeKind`.
        opens: What opens an item.
        closes: What closes it.
        item: What tells one item from another.
        due: The field of the opening event that says by when the item is due (epoch seconds); then the age counts from
            there, and is negative before.
        notice_s: How far ahead a due time is looked at: the age is never less than minus so much.
        lacking: For a ratio of what is missing: of the items `among`, those without one of these events.
        grace_s: How long after an item's own event it is given for that.
        only_if_any: An item counts among them only where one of these gauges stood so high for it.
        formula: What a derived needle is made of.
        window: "" (since the key is known), sliding ("15m") or calendar ("local_day"); see `WINDOWS`.
        least_usual: For a spike: a usual count below this is taken as this.
        worse: Whether a high or a low value is bad.
        zones: Where amber and red begin, holds in seconds; for the tension in seconds of judged speech, and if absent
            the ear's own zone counts (see `[tension]`).
        queues: Zones of their own for these queues.
        unit: What the value counts, e.g. "s", "calls"; "" for a share or a score.
        stale_s: A value that has not been renewed for so long is shown as stale; absent: it holds until something
            changes it.
        max_keys: Needles kept; beyond it the one longest unmoved is given up, and counted.
        enabled: False takes a gauge that ships out of action.
    """

    title: Text
    kind: GaugeKind
    key: GaugeKey = GaugeKey.SITE
    of: Pick | None = None
    among: Pick | None = None
    per: Literal["call", "customer", "incident"] | None = None
    opens: Pick | None = None
    closes: Pick | None = None
    item: Literal["call", "customer", "incident", "promise", "id"] = "call"
    due: str = ""
    notice_s: float = 86_400.0
    lacking: Pick | None = None
    grace_s: float = 300.0
    only_if_any: dict[str, float] = {}
    formula: Quotient | Strain | None = None
    window: str = ""
    least_usual: float = 5.0
    worse: Literal["high", "low"] = "high"
    zones: Zones | None = None
    queues: dict[str, Zones] = {}
    unit: str = ""
    stale_s: float | None = None
    max_keys: int = 200_000
    enabled: bool = True


class SiteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The site: its clock, its week, its groups of agents, and how late an event may come.

    Attributes:
        timezone: Name of the time zone in which the site's day begins at midnight, e.g. "Asia/Jerusalem".
        week_starts: The first day of the site's week.
        groups: Agents' labels by the group that they work in; at least three in each, so that no needle is a person.
        lateness_s: An event that comes later than so long after it happened is refused; until then it counts where it
            belongs.
        ahead_s: An event further in the future than this is refused: its sender's clock is wrong.
        max_ids: Ids of events remembered, so that each counts once.
    """

    timezone: str = "UTC"
    week_starts: Literal["sunday", "monday"] = "monday"
    groups: dict[str, tuple[str, ...]] = {}
    lateness_s: float = 3600.0
    ahead_s: float = 300.0
    max_ids: int = 1_000_000


class OwnMeasure(StrEnum):
    """What the service knows about itself and about work in hand, without an event from outside."""

    SCORER_LAG_S = "scorer.lag_s"
    """How far the scorer is behind, in seconds; key: the site."""
    FEED_AGE_S = "feed.age_s"
    """Since when nothing was heard from a gateway or feed, in seconds; key: the site."""
    OPEN_UNOWNED = "open.unowned"
    """Since when the oldest alert or task without an owner is open, epoch seconds; key: the site."""
    OPEN_FEEDBACK = "open.feedback"
    """Since when the oldest exceptional feedback waits for an answer, epoch seconds; key: the site."""
    REVIEW_DONE = "review.done"
    """A contact was reviewed; key: its queue."""
    REVIEW_COVERAGE = "review.coverage"
    """The share of a unit's contacts reviewed today, 0 to 1; key: the unit (a queue)."""
    SURVEY_SENT = "survey.sent"
    """A customer was asked for feedback; key: the customer."""
    OUTAGES = "outages"
    """How many known faults are switched on; key: the site."""
