"""Reading a stream that may have to stop, or say something, for another reason."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def until(
    items: AsyncIterator[T], *ends: asyncio.Event, notice: asyncio.Event | None = None
) -> AsyncGenerator[T | None, None]:
    """Yields the items until they end or one of `ends` is set; yields None once when `notice` is set, and goes on.

    An item under way when an end is set is let go; a notice loses nothing.
    """
    stopping = [asyncio.ensure_future(event.wait()) for event in ends]
    noticing = [asyncio.ensure_future(notice.wait())] if notice else []
    item = _next(items)
    try:
        while True:
            awaited: list[asyncio.Future[Any]] = [item, *stopping, *noticing]
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if any(end.done() for end in stopping):
                return
            if noticing and noticing[0].done():
                noticing.clear()
                yield None
            elif item.done():
                try:
                    result = item.result()
                except StopAsyncIteration:
                    return
                yield result
                item = _next(items)
    finally:
        for waiting in (*stopping, *noticing):
            waiting.cancel()
        item.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await item


def _next(items: AsyncIterator[T]) -> asyncio.Future[T]:
    async def get() -> T:
        return await anext(items)

    return asyncio.ensure_future(get())
