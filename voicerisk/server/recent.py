"""The sound of a moment ago: of each live call, and of what caused each alert. In memory only, and only for so long."""

import io
import wave
from typing import Final

from voicerisk.media.block import Block
from voicerisk.media.ring import Ring
from voicerisk.server.listen import CHANNELS, RATE_HZ, interleave, two_sides

KEPT_S: Final = 30.0
"""Sound kept of each live call; it is gone when the call ends, or when its customer opts out."""

CAUSE_S: Final = 8.0
"""Sound kept of what led to an alert, until the alert is resolved."""

MAX_CAUSES: Final = 200
"""Alerts whose sound is kept, at about 100 kB each; above it the oldest sound goes."""


class Recent:
    """What was said a moment ago. Nothing of it is ever written to disk, and nothing outlives its reason."""

    def __init__(self, max_causes: int = MAX_CAUSES) -> None:
        self._calls: dict[str, Ring] = {}
        self._causes: dict[str, tuple[str, Ring]] = {}
        self._max_causes = max_causes

    def begin(self, call_id: str) -> None:
        """From now on the call's last seconds are kept. A call that is known goes on."""
        if call_id not in self._calls:
            self._calls[call_id] = Ring(KEPT_S)

    def heard(self, call_id: str, block: Block) -> None:
        """The next 240 ms of the call. Calls that have not begun, or have ended, pass."""
        if (ring := self._calls.get(call_id)) is not None:
            ring.append(block)

    def end(self, call_id: str) -> None:
        """The call is over: its last seconds are let go. What caused its alerts stays until they are resolved."""
        self._calls.pop(call_id, None)

    def forget(self, call_id: str) -> None:
        """Lets go of all sound of the call, and keeps nothing from here on."""
        self.end(call_id)
        self._causes = {alert: cause for alert, cause in self._causes.items() if cause[0] != call_id}

    def keep_cause(self, alert_id: str, call_id: str, end_s: float | None) -> None:
        """Keeps the seconds before media second `end_s` of the call (None, or no longer there: the newest)."""
        ring = self._calls.get(call_id)
        if ring is None:
            return
        cut = ring.cut(CAUSE_S, end_s)
        if not cut.seconds:
            cut = ring.cut(CAUSE_S)
        self._causes.pop(alert_id, None)
        self._causes[alert_id] = (call_id, cut)
        while len(self._causes) > self._max_causes:
            del self._causes[next(iter(self._causes))]

    def drop_cause(self, alert_id: str) -> None:
        """The alert is resolved: nobody needs to hear why any more."""
        self._causes.pop(alert_id, None)

    def cause_s(self, alert_id: str) -> float:
        """Seconds of sound that are kept of what caused the alert."""
        kept = self._causes.get(alert_id)
        return 0.0 if kept is None else kept[1].seconds

    def cause(self, alert_id: str, call_id: str | None) -> Ring | None:
        """What caused the alert, or else the newest seconds of its call; None where neither is there."""
        if alert_id in self._causes:
            return self._causes[alert_id][1]
        return None if call_id is None else self.last(call_id, CAUSE_S)

    def last(self, call_id: str, seconds: float) -> Ring | None:
        """The newest `seconds` of a live call; None where nothing of it is kept."""
        ring = self._calls.get(call_id)
        return None if ring is None else ring.cut(seconds)


def wav(sound: Ring) -> bytes:
    """A WAV file: 8 kHz, 16 bit, customer on the left and agent on the right; without sound a file of no length."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(CHANNELS)
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        for block in sound.blocks():
            writer.writeframes(interleave(*two_sides(block)).pcm)
    return file.getvalue()
