"""What a needle shows, and that it moved."""

import msgspec

from voicerisk.events import Evidence, Zone


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one needle shows.

    `at_s` (epoch seconds) is when the value was last renewed, `since_s` since when the needle is in this zone.
    `at_media_s` is the media second of the call, where the value comes from its audio. `unit` says what `value` counts.
    """

    gauge: str
    key: str
    value: float
    zone: Zone
    at_s: float
    since_s: float
    unit: str = ""
    evidence: Evidence = Evidence.HEARD
    at_media_s: float | None = None
    stale_s: float | None = None

    def age_s(self, now: float) -> float:
        """Seconds since the value was renewed."""
        return max(0.0, now - self.at_s)

    def stale(self, now: float) -> bool:
        """Whether the value is too old to be trusted at `now`."""
        return self.stale_s is not None and now - self.at_s > self.stale_s


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A needle moved to `reading` from the zone `previous`; both zones are the same where only its value changed.

    The reading's `at_s` is when it moved: of a zone that was held, when the hold was over.
    """

    reading: Reading
    previous: Zone

    @property
    def crossed(self) -> bool:
        """Whether the needle went from one zone into another."""
        return self.reading.zone is not self.previous


class TimeInZones(msgspec.Struct, frozen=True, kw_only=True):
    """How long a gauge's needles stood where, in seconds: `needles_s` all of them together, `red_s` of that in red.

    `any_red_s` is for how long at least one needle was red.
    """

    needles_s: float = 0.0
    red_s: float = 0.0
    any_red_s: float = 0.0

    @property
    def red_share(self) -> float:
        """The share of the needles' time that was red, 0 to 1."""
        return self.red_s / self.needles_s if self.needles_s > 0.0 else 0.0
