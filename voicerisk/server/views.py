"""What the feed, the API and the console show of a call, an alert and the service itself, as JSON-ready structs."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from voicerisk.events import Evidence, Reason, Role, Zone

CURVE_STEP_S: Final = 1.0
"""Media time of one point of the small curve; a point is the highest level within it."""

CURVE_POINTS: Final = 120


class CallView(msgspec.Struct, kw_only=True):
    """One live call as the screen shows it. `level` is None until enough speech was heard to say anything.

    `curve` holds the last `CURVE_POINTS` seconds as whole hundredths (0..100, None where nothing was known); its last
    point belongs to the second `curve_end_s` of media time. `labels` are safe to show: no number in the clear.
    """

    id: str
    gateway: str
    roles: Sequence[Role]
    started_at_s: float
    queue: str | None = None
    labels: Mapping[str, str] = {}
    media_s: float = 0.0
    level: float | None = None
    zone: Zone = Zone.GREEN
    evidence: Evidence = Evidence.TOO_LITTLE_SPEECH
    quality: float = 1.0
    reasons: Sequence[Reason] = ()
    talk_over_s: float = 0.0
    held: bool = False
    curve: list[int | None] = []
    curve_end_s: int = 0
    listeners: Sequence[str] = ()


class CallUpdate(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What moved in a call since the last update: `points` extend the curve, absent `reasons` and `listeners` stay."""

    id: str
    media_s: float
    level: float | None
    zone: Zone
    evidence: Evidence
    quality: float
    talk_over_s: float
    held: bool
    curve_end_s: int
    points: Sequence[int | None]
    reasons: Sequence[Reason] | msgspec.UnsetType = msgspec.UNSET
    listeners: Sequence[str] | msgspec.UnsetType = msgspec.UNSET


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """How the service itself fares: what the status strip shows.

    `tone_ok` is False while nothing scores (then `tone_problem` says why); `scorer_lag_s` is the age of the oldest
    chunk that waits for the model; `alert_delay_p95_s` is from the end of the audio that caused an alert to the alert.
    """

    tone_ok: bool = True
    tone_problem: str = ""
    scorer_lag_s: float = 0.0
    alert_delay_p95_s: float | None = None
    tuned_here: bool = False
    draining: bool = False


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a procedure, in each language the site wrote it in (language code to text)."""

    text: Mapping[str, str]


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an alert; `person` is None where the engine did it."""

    at_s: float
    what: str
    person: str | None = None
    note: str = ""


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """An alert for the screen. `durable` is False while the store could not take it; nothing else depends on that."""

    id: str
    call_id: str | None
    rule: str
    title: str
    severity: str
    state: str
    opened_at_s: float
    reasons: Sequence[Reason]
    labels: Mapping[str, str] = {}
    procedure: Sequence[StepView] = ()
    acknowledged_by: str | None = None
    resolved_by: str | None = None
    history: Sequence[HistoryView] = ()
    at_media_s: float | None = None
    durable: bool = True
