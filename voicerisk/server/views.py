"""What the feed, the API and the console show of a call, an alert and the service itself, as JSON-ready structs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from voicerisk.events import Evidence, Reason, Role, Zone
from voicerisk.risk.alerts import Alert
from voicerisk.risk.gauges import GaugeKey, GaugeKind
from voicerisk.risk.texts import Text

CURVE_STEP_S: Final = 1.0
"""Media time of one point of the small curve; a point is the highest level within it."""

CURVE_POINTS: Final = 120


class CallView(msgspec.Struct, kw_only=True):
    """One live call as the screen shows it. `level` is None until enough speech was heard to say anything.

    `curve` holds the last `CURVE_POINTS` seconds as whole hundredths (0..100, None where nothing was known); its last
    point belongs to the second `curve_end_s` of media time. `labels` are safe to show: no number in the clear. Of a
    customer who `opted_out` nothing is judged, and what was judged before is no longer shown.
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
    opted_out: bool = False
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

    `tone_ok` is False while nothing scores (then `tone_problem` says why); `notify_problem` names the receivers that do
    not take notifications; `scorer_lag_s` is the age of the oldest chunk that waits for the model; `alert_delay_p95_s`
    is from the end of the audio that caused an alert to the alert.
    """

    tone_ok: bool = True
    tone_problem: str = ""
    notify_problem: str = ""
    scorer_lag_s: float = 0.0
    alert_delay_p95_s: float | None = None
    tuned_here: bool = False
    draining: bool = False


class GaugeView(msgspec.Struct, frozen=True, kw_only=True):
    """One needle as it stands: `age_s` since its value was renewed (at `at_s`), `stale` when that is too long ago.

    `amber` and `red` are where these zones begin for this key (None: its value has no zones, or the ear's own count);
    `worse` says whether from there upwards ("high") or downwards.
    """

    gauge: str
    title: Text
    kind: GaugeKind
    key: str
    per: GaugeKey
    value: float
    zone: Zone
    unit: str
    evidence: Evidence
    since_s: float
    at_s: float
    age_s: float
    stale: bool
    worse: Literal["high", "low"] = "high"
    amber: float | None = None
    red: float | None = None


class CurvePiece(msgspec.Struct, frozen=True):
    """A piece of a stored curve: one level (0..1, None: not known) per 240 ms of the call from `first_hop` on."""

    first_hop: int
    levels: Sequence[float | None]


class AlertView(Alert, frozen=True, kw_only=True):
    """An alert with what it cannot know about itself.

    `durable` is False while the store could not take it; the call and the alert's life go on regardless. `sound_s` is
    how many seconds of what caused it are kept in memory to be heard.
    """

    durable: bool = True
    sound_s: float = 0.0


def alert_view(alert: Alert, *, durable: bool = True, sound_s: float = 0.0) -> AlertView:
    """The alert as it is shown."""
    fields = {name: getattr(alert, name) for name in Alert.__struct_fields__}
    return AlertView(**fields, durable=durable, sound_s=sound_s)


def _plain(value: Any) -> float:
    """A number of an array library as a plain one: whoever computed it need not think of JSON."""
    return float(value)


encode_json: Final = msgspec.json.Encoder(enc_hook=_plain).encode
"""The bytes of a JSON text; every answer and every feed event is made by it."""
