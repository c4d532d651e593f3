"""The bucket of the bus in which pipes are kept: control writes what was opened, pipe what ended."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js.api import KeyValueConfig, StorageType
from nats.js.errors import NoStreamResponseError
from nats.js.kv import KeyValue

from mesh.bus import TIMEOUT

T = TypeVar("T")

#: Its name. The key of a pipe is its id, the value a serialised scope.pipe.v1.Record.
BUCKET = "pipes"
#: For how long a record stays that nobody writes again, in seconds.
KEPT = 86_400.0
#: How many bytes all records have together, at most.
BYTES = 256 * 1024 * 1024
#: How many bytes one has, at most.
RECORD_BYTES = 64 * 1024


async def bucket(client: Client) -> KeyValue:
    """The bucket, made where it is not there; raises what the client does where the bus is away or has no room."""
    config = KeyValueConfig(
        bucket=BUCKET,
        ttl=KEPT,
        max_bytes=BYTES,
        max_value_size=RECORD_BYTES,
        storage=StorageType.FILE,
        direct=True,
    )
    return await client.jetstream(timeout=TIMEOUT).create_key_value(config)


class Bucket:
    """The bucket as a service keeps it at hand.

    Args:
        client: the bus.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made: KeyValue | None = None

    async def use(self, work: Callable[[KeyValue], Awaitable[T]]) -> T:
        """What the work with it gives; raises what that does, and what the client does where the bus is away."""
        try:
            return await work(await self._get())
        except (NoStreamResponseError, nats.errors.NoRespondersError):
            self._made = None  # it was deleted since, or the bus was set up anew
            return await work(await self._get())

    async def _get(self) -> KeyValue:
        if self._made is None:
            self._made = await bucket(self._client)
        return self._made
