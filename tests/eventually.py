"""Waiting in tests: until something is true, not for a time that is hoped to be enough."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def eventually(check: Callable[[], Any | Awaitable[Any]], within_s: float = 5.0) -> Any:
    """What `check` gives once it is truthy. Raises TimeoutError after `within_s` seconds."""
    for _ in range(round(within_s / 0.01)):
        result = check()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return result
        await asyncio.sleep(0.01)
    raise TimeoutError(f"not true within {within_s:g} s")
