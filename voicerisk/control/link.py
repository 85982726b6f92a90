"""A standing connection to a switch, made again whenever it breaks."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from voicerisk.control import metrics
from voicerisk.control.problems import Problem, SwitchError, quoted

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
UP_WITHIN_S: Final = 2.0
"""How long an action waits for a connection that is just being made again."""

STEADY_S: Final = 10.0
"""A connection that held for so long was a good one: the next pause is the first again."""


class Link:
    """Whether the connection to one gateway's switch stands, and if not, why."""

    def __init__(self, gateway: str, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self.gateway = gateway
        self.problem: str | None = "not connected yet"
        self._first_pause_s = first_pause_s
        self._up = asyncio.Event()
        metrics.link_up.labels(gateway).set(0)

    @property
    def is_up(self) -> bool:
        """Whether it stands now."""
        return self.problem is None

    def up(self) -> None:
        """It stands, and whoever waits for it may go on."""
        if not self.is_up:
            _log.info("control link up", gateway=self.gateway)
        self.problem = None
        self._up.set()
        metrics.link_up.labels(self.gateway).set(1)

    def down(self, problem: str) -> None:
        """It does not stand; logged once until it stands again or fails for another reason."""
        if problem != self.problem:
            _log.warning("control link down", gateway=self.gateway, problem=problem)
        self.problem = problem
        self._up.clear()
        metrics.link_up.labels(self.gateway).set(0)

    async def must_be_up(self, within_s: float = UP_WITHIN_S) -> None:
        """Returns once it stands. Raises `SwitchError` with what is wrong with it when that takes too long."""
        try:
            async with asyncio.timeout(within_s):
                await self._up.wait()
        except TimeoutError:
            words = f"The connection to the switch is down, so nothing was done: {self.problem}"
            raise SwitchError(Problem.UNREACHABLE, words) from None

    async def keep(self, run: Callable[[], Awaitable[None]]) -> None:
        """Runs `run`, which connects and serves until the connection breaks, for ever, with growing pauses between.

        `run` calls `up` itself, once the switch has let it in.
        """
        loop = asyncio.get_running_loop()
        pause_s = self._first_pause_s
        while True:
            began_s = loop.time()
            try:
                await run()
                problem = "the switch closed the connection"
            except SwitchError as error:
                problem = error.words
            except (OSError, TimeoutError) as error:
                problem = quoted(error) or type(error).__name__
            except Exception as error:
                # Whatever an unknown switch sends must not end its link for good.
                _log.exception("control link failed", gateway=self.gateway)
                problem = type(error).__name__
            self.down(problem)
            if loop.time() - began_s > STEADY_S:
                pause_s = self._first_pause_s
            # Spread out, so that several of us do not come back to a switch at the same moment.
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
