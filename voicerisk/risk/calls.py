"""What the engine remembers of each call."""

from voicerisk.events import Event
from voicerisk.risk.gauges import LevelGauge, Reading


class CallState:
    """Whose call it is, its needles, and which rules hold for it. Times are the shell's `now`, epoch seconds.

    `last_at_media_s` is the media second of the last window: an earlier one is a repetition, or late.
    """

    __slots__ = ("agent", "customer", "ended_at_s", "gauges", "holding", "last_at_media_s", "queue", "seen_at_s")

    def __init__(self) -> None:
        self.customer: str | None = None
        self.queue: str | None = None
        self.agent: str | None = None
        self.gauges: dict[str, LevelGauge] = {}
        self.holding: set[str] = set()
        self.last_at_media_s = -1.0
        self.seen_at_s: float | None = None
        self.ended_at_s: float | None = None

    def learn(self, event: Event) -> None:
        """Take over who and where from an event; what it does not say stays."""
        self.customer = event.customer or self.customer
        self.queue = event.queue or self.queue
        self.agent = event.agent or self.agent

    def reading(self, gauge: str) -> Reading | None:
        """What one of the call's needles shows; None where it has shown nothing yet."""
        found = self.gauges.get(gauge)
        return found.reading if found else None

    def label(self, name: str) -> str | None:
        """The value of one of the call's labels; None where it has none of that name."""
        return {"customer": self.customer, "queue": self.queue}.get(name)
