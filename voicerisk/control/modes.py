"""How a supervisor may be on a call, from unheard to alone with the customer."""

from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """How a supervisor is on a call. Nobody is ever put into anything but `LISTEN` without having asked for it."""

    LISTEN = "listen"
    """Hears both, is heard by nobody."""
    WHISPER = "whisper"
    """Hears both, is heard by the agent alone."""
    BARGE = "barge"
    """Hears both, is heard by both."""
    TAKE_OVER = "take_over"
    """Talks to the customer; the agent is off the call."""


_LOUDNESS: Final = tuple(Mode)


def louder(one: Mode, other: Mode) -> Mode:
    """The mode in which more people hear the supervisor: what has to be assumed when either may hold."""
    return max(one, other, key=_LOUDNESS.index)
