"""What goes on beside the answering of calls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

import structlog

_log = structlog.get_logger()


@asynccontextmanager
async def running(*endless: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Lets these go on beside the body, and ends them with it."""
    tasks = [asyncio.create_task(one) for one in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def now_and_then(interval: float, work: Callable[[], Awaitable[object]], failed: str) -> None:
    """Does the work again and again, for ever.

    Args:
        interval: how long to wait each time before it, in seconds.
        work: it.
        failed: what to log where that fails.
    """
    while True:
        await asyncio.sleep(interval)
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next time comes
            _log.warning(failed, why=repr(error))
