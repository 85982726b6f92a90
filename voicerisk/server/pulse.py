"""Since when nothing was heard from any live call."""

from collections.abc import Iterable

from voicerisk.call import Call


class Pulse:
    """Feels whether sound comes in. Calls on hold are let be: of them nothing is expected."""

    def __init__(self) -> None:
        self._heard_s: dict[str, float] = {}
        self._moved_at_s = 0.0

    def age_s(self, calls: Iterable[Call], now: float) -> float | None:
        """Seconds since a call's sound last moved on, to be asked about once a second; None: no call should sound."""
        heard_s = {call.facts.call: call.media_s for call in calls if not call.held}
        if any(media_s > self._heard_s.get(call, -1.0) for call, media_s in heard_s.items()):
            self._moved_at_s = now
        self._heard_s = heard_s
        return max(0.0, now - self._moved_at_s) if heard_s else None
