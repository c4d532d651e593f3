"""Reading a stream that may have to stop, or say something, for another reason."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def until(
    items: AsyncIterator[T], *ends: asyncio.Event, notice: asyncio.Event | None = None
) -> AsyncGenerator[T | None, None]:
    """Yields the items until they end or one of `ends` is set; yields None once when `notice` is set, and goes on.

    An item under way when an end is set is let go; a notice loses nothing.
    """
    # Whatever happens sets it: that costs half of what asyncio.wait does for each item.
    stirred = asyncio.Event()
    stopping = [_stirs(event.wait(), stirred) for event in ends]
    noticing = [_stirs(notice.wait(), stirred)] if notice else []
    item = _stirs(_next(items), stirred)
    try:
        while True:
            await stirred.wait()
            stirred.clear()
            if any(end.done() for end in stopping):
                return
            if noticing and noticing[0].done():
                noticing.clear()
                stirred.set()  # an item may be there too
                yield None
            elif item.done():
                try:
                    result = item.result()
                except StopAsyncIteration:
                    return
                yield result
                item = _stirs(_next(items), stirred)
    finally:
        for waiting in (*stopping, *noticing):
            waiting.cancel()
        item.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await item


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)


def _stirs(waiting: Coroutine[Any, Any, T], stirred: asyncio.Event) -> asyncio.Task[T]:
    task = asyncio.create_task(waiting)
    task.add_done_callback(lambda _: stirred.set())
    return task
