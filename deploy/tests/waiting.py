"""Waiting for what another process does."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool], within: float = 60) -> None:
    """Returns when the condition holds; fails when that takes too long, in seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "too late"
        await asyncio.sleep(0.01)
