"""A line to a server that can be broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Line:
    """Carries connections to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._onward = port
        self._dead = False
        self._writers: set[asyncio.StreamWriter] = set()
        #: Where it begins.
        self.port = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Line"]:
        """Carries while the body runs."""
        server = await asyncio.start_server(self._carry, "127.0.0.1")
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def snap(self) -> None:
        """Breaks what is connected; others may connect."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def cut(self) -> None:
        """The same, and nobody connects until it is mended."""
        self._dead = True
        self.snap()

    def mend(self) -> None:
        """Carries again."""
        self._dead = False

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead:
            writer.close()
            return
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._onward)
        self._writers |= {writer, onward_writer}
        await asyncio.gather(_copy(reader, onward_writer), _copy(onward_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    writer.close()
