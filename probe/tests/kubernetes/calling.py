"""Calls of what a followed cluster offers, and the end of a pipe that reads what they print."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from probe.tests.kubernetes.following import Followed, followed
from probe.tests.waiting import DEADLINE
from scope_probe.kubernetes import Role
from scope_sdk.controls import Call, Controls, Ended, Result, Stream
from scope_sdk.pipes import Pipe


class Reader(Pipe):
    """Takes in all that is written."""

    def __init__(self) -> None:
        self.text = ""
        self._came = asyncio.Condition()

    async def write(self, data: bytes) -> None:
        async with self._came:
            self.text += data.decode()
            self._came.notify_all()

    async def until(self, text: str) -> str:
        """All that was written, once this is in it."""
        async with asyncio.timeout(DEADLINE), self._came:
            await self._came.wait_for(lambda: text in self.text)
        return self.text


@dataclass
class Calls:
    followed: Followed
    controls: Controls = field(default_factory=Controls)

    def offered(self, node: str) -> set[str]:
        return set(self.followed.report().nodes[node].controls)

    async def call(self, control: str, node: str) -> Result:
        handler = self.controls.handler(control)
        assert handler
        return await handler(Call("1", node, control, {}, DEADLINE, read_only=False))

    async def printed(self, control: str, node: str) -> str:
        """All that it prints until it ends by itself."""
        async with self.printing(control, node) as (reader, session):
            assert await asyncio.wait_for(session, DEADLINE) == Ended()
            return reader.text

    @asynccontextmanager
    async def printing(self, control: str, node: str) -> AsyncIterator[tuple[Reader, asyncio.Task[Ended]]]:
        found = await self.call(control, node)
        assert isinstance(found, Stream)
        reader = Reader()
        session = asyncio.ensure_future(found.session(reader))
        try:
            yield reader, session
        finally:
            session.cancel()
            with suppress(asyncio.CancelledError):
                await session


@asynccontextmanager
async def calls(role: Role = Role.CLUSTER, allow: Callable[[str], bool] = lambda _: True) -> AsyncIterator[Calls]:
    """A cluster that is followed and takes the calls that are allowed."""
    async with followed(role) as found:
        taking = Calls(found)
        taking.controls.restrict(allow)
        found.kubernetes.register(taking.controls)
        yield taking
