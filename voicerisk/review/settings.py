"""What reports look back on, and how many calls a reviewer is given."""

from typing import Annotated

import msgspec


class ReviewSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[review]` table."""

    picks: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 15
    """Calls that are picked for review each day."""

    calm_share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.2
    """The share of them that are calm calls taken by chance: what was missed is found only there."""

    seed: Annotated[str, msgspec.Meta(max_length=100)] = "voicerisk"
    """Another word here gives other calls by chance; the same word and day always give the same."""

    coverage_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    """A queue that had neither a review nor feedback for so many days is named in the report."""

    alerts: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 40
    """Alerts that a report lists one by one, the most severe first; all of them are counted."""
