"""Reading a stream that may have to stop for another reason."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def until(items: AsyncIterator[T], *events: asyncio.Event) -> AsyncIterator[T]:
    """Yields the items until they end or one of the events is set; an item under way when it is set is let go."""
    ends = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        while True:
            item = asyncio.ensure_future(anext(items))
            await asyncio.wait([item, *ends], return_when=asyncio.FIRST_COMPLETED)
            if not item.done():
                await _let_go(item)
                return
            try:
                result = item.result()
            except StopAsyncIteration:
                return
            yield result
    finally:
        for end in ends:
            end.cancel()


async def _let_go(item: "asyncio.Future[T]") -> None:
    item.cancel()
    with suppress(asyncio.CancelledError, StopAsyncIteration):
        await item
