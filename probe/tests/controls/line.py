"""The end of a pipe that types and looks, in the place of the service and whoever sits behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from probe.tests.waiting import DEADLINE
from scope_sdk.controls import Call, Controls, Ended, Result, Stream, Terminal
from scope_sdk.pipes import Pipe, Size


class Line(Pipe):
    """Types what it is told, and keeps what is written; nobody reads while `stalled` is set."""

    def __init__(self, size: Size | None = None) -> None:
        self.size = size
        self.on_resize = None
        self.shown = b""
        self.pieces: list[bytes] = []
        self.stalled = False
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()
        self._came = asyncio.Condition()

    async def read(self) -> bytes:
        return await self._typed.get()

    async def write(self, data: bytes) -> None:
        async with self._came:
            self.shown += data
            self.pieces.append(data)
            self._came.notify_all()
        await asyncio.sleep(0)  # a pipe waits for credit, so that others have their turn
        while self.stalled:
            await asyncio.sleep(0.01)

    def type(self, data: bytes) -> None:
        self._typed.put_nowait(data)

    def resized(self, width: int, height: int) -> None:
        self.size = Size(width, height)
        assert self.on_resize
        self.on_resize(self.size)

    async def until(self, text: bytes) -> bytes:
        """All that was shown, once this is in it."""
        async with asyncio.timeout(DEADLINE), self._came:
            await self._came.wait_for(lambda: text in self.shown)
        return self.shown


async def call(controls: Controls, control: str, node: str, *, read_only: bool = False, **arguments: str) -> Result:
    """What a control answers."""
    handler = controls.handler(control)
    assert handler
    return await handler(Call("1", node, control, arguments, DEADLINE, read_only=read_only))


@asynccontextmanager
async def using(result: Result, line: Line | None = None) -> AsyncIterator[tuple[Line, asyncio.Task[Ended]]]:
    """What a control has opened, used by a line; it is cancelled as a pipe that ended does."""
    assert isinstance(result, Terminal | Stream)
    line = line or Line()
    session = asyncio.ensure_future(result.session(line))
    try:
        yield line, session
    finally:
        session.cancel()
        with suppress(asyncio.CancelledError):
            await session


async def ended(session: asyncio.Task[Ended]) -> Ended:
    """How it ended, as soon as it has."""
    return await asyncio.wait_for(session, DEADLINE)


async def ran(controls: Controls, control: str, node: str, **arguments: str) -> tuple[Ended, bytes]:
    """How what a control ran ended by itself, and what it wrote."""
    async with using(await call(controls, control, node, **arguments)) as (line, session):
        return await ended(session), line.shown
