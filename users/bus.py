"""The connection of users to the bus. Users serves without the bus as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from mesh import bus
from mesh.background import running
from mesh.settings import Settings

_log = structlog.get_logger()


class Bus:
    """The bus, which may be away, or not be there at all.

    Args:
        copies: how many of its servers keep each stream.
    """

    def __init__(self, copies: int) -> None:
        self.copies = copies
        self._client: asyncio.Future[Client] = asyncio.get_running_loop().create_future()

    async def jetstream(self) -> JetStreamContext:
        """What streams are reached by, once the bus was there for the first time.

        While it is away again, what is asked by it fails with nats.errors.Error or OSError.
        """
        return (await self.client()).jetstream(timeout=bus.TIMEOUT)

    async def client(self) -> Client:
        """The connection, once the bus was there for the first time."""
        return await asyncio.shield(self._client)

    async def run(self, settings: Settings) -> None:
        """Connects, and stays connected until this is cancelled."""
        client = await bus.connect("users", settings)
        try:
            self._client.set_result(client)
            await asyncio.Event().wait()
        finally:
            await bus.close(client)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Bus | None]:
    """The bus, connected in the background; None where the settings name none."""
    if not settings.nats_url:
        _log.info("NATS_URL is not set: what other services did is not filed, no logs are deleted, no routes known")
        yield None
        return
    found = Bus(settings.nats_replicas)
    async with running(found.run(settings)):
        yield found
