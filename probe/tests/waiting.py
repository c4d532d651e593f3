"""Waiting for what others do."""

import asyncio
from collections.abc import Callable

#: In seconds.
DEADLINE = 60


async def until(holds: Callable[[], object]) -> None:
    """Waits until it does; TimeoutError where it never does."""
    async with asyncio.timeout(DEADLINE):
        while not holds():
            await asyncio.sleep(0.01)
