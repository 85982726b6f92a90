"""The store's settings: where the database is and how long it may be waited for."""

from typing import Annotated

import msgspec

from voicerisk.store.retention import RetentionSettings

_Seconds = Annotated[float, msgspec.Meta(gt=0)]


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[store]` table of the configuration."""

    url: str = "sqlite:///data/voicerisk.db"
    """Any SQLAlchemy address of a synchronous driver; for SQLite the folder is created when it is missing."""

    busy_timeout_s: _Seconds = 5.0
    """How long a write waits for another process that holds the SQLite database, before it counts as failed."""

    answer_within_s: _Seconds = 0.5
    """How long an alert may wait for its commit before it is shown all the same, marked as not saved yet. A commit
    takes milliseconds; a disk that stalls must not keep an alert from the screen."""

    retry_s: _Seconds = 1.0
    """How often unsaved alerts, calls and curves are tried again while the database refuses them."""

    max_unsaved: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    """How many calls and curve pieces wait for a database that is gone; above it the oldest are let go and counted.
    Alerts are never let go."""

    snapshot_every_s: _Seconds = 60.0
    """How often the risk engine's state is put beside its inputs: what a restart need not replay."""

    replay_h: Annotated[float, msgspec.Meta(ge=0, le=24 * 400)] = 36.0
    """How much of the inputs is replayed where no snapshot fits, because the rules were changed: the needles then
    stand as if the new rules had been there all that time."""

    retention: RetentionSettings = RetentionSettings()
