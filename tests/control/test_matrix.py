"""Every action on every switch: done, refused, without an answer, and on a call that is gone."""

import asyncio
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.control.fakes.rig import PHONE, SECRET
from tests.control.fakes.rigs import ENVIRONMENT, NAMES, rig
from tests.control.fakes.web import Trouble
from voicerisk import clock
from voicerisk.control.modes import Mode
from voicerisk.control.problems import Problem, SwitchError

DEADLINE_S = 0.15
HEARD = {
    Mode.LISTEN: set(), Mode.WHISPER: {"agent"}, Mode.BARGE: {"agent", "customer"}, Mode.TAKE_OVER: {"customer"},
}  # fmt: skip
ACTIONS = (*Mode, "leave")
PROBLEMS = {
    Trouble.REFUSED: {Problem.FORBIDDEN, Problem.REFUSED},
    Trouble.TIMEOUT: {Problem.TIMEOUT},
    Trouble.GONE: {Problem.GONE, Problem.NO_SUCH_CHANNEL, Problem.REFUSED},
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", NAMES)
async def test_done(name: str, tmp_path: Path) -> None:
    """In each mode the supervisor is heard by exactly those who should hear them; who leaves is gone."""
    async with rig(name, tmp_path) as made:
        seat = await made.switch.enter(Mode.LISTEN, made.place, None)
        assert made.fake.is_on()
        assert made.fake.heard_by() == set()
        for mode in (Mode.WHISPER, Mode.BARGE, Mode.LISTEN, Mode.BARGE, Mode.WHISPER, Mode.TAKE_OVER):
            if mode in made.switch.cannot:
                assert "Amazon Connect has no" in made.switch.cannot[mode]
                continue
            seat = await made.switch.enter(mode, made.place, seat)
            assert made.fake.heard_by() == HEARD[mode], mode
            assert made.fake.has_agent() == (mode is not Mode.TAKE_OVER)
        words = await made.switch.leave(made.place, seat)
        assert words if name == "connect" else not made.fake.is_on()


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("name", NAMES)
async def test_not_done(name: str, trouble: Trouble, tmp_path: Path) -> None:
    """What is not done is said in plain words, without secrets or numbers, and nobody hears anything new."""
    for action in ACTIONS:
        async with rig(name, tmp_path) as made:
            if action != "leave" and Mode(action) in made.switch.cannot:
                continue
            seat = None if action == "listen" else await made.switch.enter(Mode.LISTEN, made.place, None)
            made.fake.trouble = trouble
            if action == "leave" and (name == "connect" or trouble is Trouble.GONE):
                # Connect is not asked at all; what is gone has been left.
                await made.switch.leave(made.place, seat)
                continue
            leaves = action == "leave"
            doing = made.switch.leave(made.place, seat) if leaves else made.switch.enter(Mode(action), made.place, seat)
            problem, words = await _failure(doing, DEADLINE_S if trouble is Trouble.TIMEOUT else 10.0)
            assert problem in PROBLEMS[trouble], (action, words)
            assert made.fake.heard_by() == set(), action
            assert re.fullmatch(r"[A-Za-z][^\n]{10,300}", words)
            for private in (SECRET, PHONE, "Traceback"):
                assert private not in words


async def _failure(doing: Coroutine[Any, Any, object], within_s: float) -> tuple[Problem, str]:
    """What went wrong, where the deadline counts as one way; it must hold, whatever is left to clean up."""
    began_s = clock.monotonic_s()
    try:
        async with asyncio.timeout(within_s):
            await doing
    except SwitchError as error:
        return error.problem, error.words
    except TimeoutError:
        assert clock.monotonic_s() - began_s < within_s + 2.0
        return Problem.TIMEOUT, "The switch did not answer."
    raise AssertionError("the switch did it all the same")


@pytest.mark.parametrize("name", NAMES)
async def test_joining_in_any_mode(name: str, tmp_path: Path) -> None:
    """Whoever joins at once in another mode than listening is heard by those of that mode, and by nobody else."""
    for mode in Mode:
        async with rig(name, tmp_path) as made:
            if mode not in made.switch.cannot:
                await made.switch.enter(mode, made.place, None)
                assert made.fake.heard_by() == HEARD[mode]
