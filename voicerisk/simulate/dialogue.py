"""A simulated gateway that listens to the answers."""

from typing import Protocol

from voicerisk.gateways.codec import Message


class PeerError(Exception):
    """The server broke the protocol; the text says how."""


class Dialogue(Protocol):
    """What is said in turns: nothing goes out while an answer is awaited."""

    @property
    def is_free(self) -> bool:
        """Whether what comes next may be said."""

    @property
    def patience_s(self) -> float:
        """How long an answer is waited for."""

    def hear(self, message: Message) -> None:
        """Takes an answer. Raises `PeerError`."""
