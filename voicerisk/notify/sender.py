"""What a lane knows of the way to its receiver."""

from collections.abc import Sequence
from typing import Protocol

from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.outcome import Outcome


class Sender(Protocol):
    """One receiver's way out."""

    @property
    def kind(self) -> str:
        """The receiver's kind, as in the configuration."""

    @property
    def give_up_after_s(self) -> float:
        """How long after it was made a message is still worth a try."""

    @property
    def width(self) -> int:
        """How many tries may be under way at once."""

    def targets(self, notice: Notice) -> Sequence[str]:
        """The receiver's addresses that this notice goes to, by id; ("",) where it has just one."""

    async def send(self, delivery: Delivery) -> Outcome:
        """Makes one try. Whoever calls limits its time."""
