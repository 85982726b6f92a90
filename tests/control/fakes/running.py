"""An adapter that follows its switch, and what it has told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voicerisk.control.switch import Switch, SwitchEvent


@asynccontextmanager
async def following(switch: Switch) -> AsyncIterator[list[SwitchEvent]]:
    """Follows until the block ends; where the switch has a standing connection, the block begins once it stands."""
    told: list[SwitchEvent] = []
    task = asyncio.create_task(switch.follow(told.append))
    try:
        if switch.link is not None:
            await switch.link.must_be_up(5.0)
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await switch.close()
