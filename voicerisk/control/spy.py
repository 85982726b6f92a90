"""Asterisk's ChanSpy: which options make a supervisor heard by whom, and where its dialplan entry stands.

`q` says nothing to the party that is spied on, `w` talks to it alone, `B` to both parties of its bridge; `E` ends with
the spied channel and `S` when there is nothing to spy on. `d` is left out on purpose: with it the keys of the
supervisor's telephone would change who hears them, without a question and without a line in the log.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Dialplan_Applications/ChanSpy/
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from voicerisk.control.modes import Mode
from voicerisk.control.problems import Problem, SwitchError

OPTIONS: Final[Mapping[Mode, str]] = {Mode.LISTEN: "qES", Mode.WHISPER: "qwES", Mode.BARGE: "qBES"}

EXTENSION: Final = "spy"
CHANNEL_VARIABLE: Final = "VOICERISK_CHANNEL"
OPTIONS_VARIABLE: Final = "VOICERISK_OPTIONS"

CHANNEL: Final = re.compile(r"[A-Za-z0-9_.:/@;+=-]{1,160}")
"""The shape of a channel's name or id; nothing in it can end an argument or begin another command."""


def whole_name(leg: str, channels: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The name and id of the one channel that `leg` means: its id, its name, or its endpoint ("PJSIP/2001").

    ChanSpy takes every channel whose name *begins* like its argument, so it must be given a whole one.
    Raises `SwitchError` where there is none, or more than one.
    """
    found = [(name, id_) for name, id_ in channels if leg in (name, id_)]
    if not found:
        found = [(name, id_) for name, id_ in channels if name.rpartition("-")[0] == leg]
    if not found:
        raise SwitchError(Problem.NO_SUCH_CHANNEL, "Asterisk has no such channel for the agent's leg (any more).")
    if len(found) > 1:
        words = "The agent's phone is on more than one call; the gateway has to tell the channel, not the endpoint."
        raise SwitchError(Problem.NOT_POSSIBLE, words)
    return found[0]


def only_other(channel: str, bridged: Sequence[str]) -> str:
    """The other party of a bridge with two. Raises `SwitchError` where there is nobody, or more than one."""
    others = [other for other in bridged if other != channel]
    if len(others) != 1:
        words = "Asterisk does not show one agent and one customer in a bridge: tell both channels as labels."
        raise SwitchError(Problem.NO_SUCH_CHANNEL if not others else Problem.NOT_POSSIBLE, words)
    return others[0]


NOT_ANSWERED: Final[Mapping[int, str]] = {
    17: "Your phone is busy.",
    18: "Your phone did not answer.",
    19: "Your phone was not picked up.",
    20: "Your phone is not registered.",
    21: "The call to your phone was rejected.",
}
"""What became of the call to the supervisor's phone, by Q.850 cause."""


def not_answered(cause: int) -> SwitchError:
    """The phone's answer to our call, as an error in words."""
    words = NOT_ANSWERED.get(cause, f"The call to your phone ended before it was picked up (cause {cause}).")
    return SwitchError(Problem.NOT_ANSWERED, words)


def unreachable() -> SwitchError:
    """Asterisk knows no way to the supervisor's phone."""
    words = "Asterisk cannot call your phone: is its address right, and is it registered?"
    return SwitchError(Problem.NOT_ANSWERED, words)
