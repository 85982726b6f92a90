"""What can go wrong at a switch, in words for the person who clicked."""

import re
from enum import StrEnum
from typing import Final

_NUMBER: Final = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_MAX_QUOTE_CHARS: Final = 160


class Problem(StrEnum):
    """Why a switch did not do what was asked."""

    NO_SUCH_CHANNEL = "no_such_channel"
    FORBIDDEN = "forbidden"
    TIMEOUT = "timeout"
    """Nobody knows whether it was done."""
    GONE = "gone"
    """The call or the supervisor's own line is over."""
    NOT_ANSWERED = "not_answered"
    """The supervisor's phone was busy, not reachable, or was not picked up."""
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    """The switch was not reached; nothing was done."""
    NOT_POSSIBLE = "not_possible"
    """This switch cannot do it, or not with what is known of the call; nothing was sent."""


class SwitchError(Exception):
    """A switch did not do it. `words` are plain and hold neither secrets nor telephone numbers."""

    def __init__(self, problem: Problem, words: str) -> None:
        super().__init__(words)
        self.problem = problem
        self.words = words


def quoted(text: object) -> str:
    """What a switch said, safe to show and to log: short, printable, and with telephone numbers taken out."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    return _NUMBER.sub("(number)", plain)[:_MAX_QUOTE_CHARS]
