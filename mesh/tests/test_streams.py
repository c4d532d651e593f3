"""Reading a stream loses nothing to a notice, and stops when it is told to."""

import asyncio
from collections.abc import AsyncIterator

from mesh.streams import until


async def test_a_notice_comes_once_and_loses_nothing() -> None:
    notice, ended = asyncio.Event(), asyncio.Event()

    async def items() -> AsyncIterator[int]:
        yield 1
        notice.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        yield 2
        yield 3

    seen = [item async for item in until(items(), ended, notice=notice)]
    assert [item for item in seen if item is not None] == [1, 2, 3]
    assert seen.count(None) == 1


async def test_an_end_lets_go_of_what_never_comes() -> None:
    ended = asyncio.Event()
    closed = asyncio.Event()

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
            ended.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    seen = [item async for item in until(items(), ended)]
    assert seen == [1]
    assert closed.is_set()
