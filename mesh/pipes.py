"""The bucket of the bus in which pipes are kept: control writes what was opened, pipe what ended."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
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


#: How a stream is made: `mesh.bus.make`, or `keep` for who may change the one that is there.
Make = Callable[[JetStreamContext, StreamConfig], Awaitable[object]]


async def bucket(client: Client, copies: int, make: Make) -> KeyValue:
    """The bucket, made where it is not there; raises what the client does where the bus is away or has no room.

    Args:
        client: the bus.
        copies: how many of its servers keep it.
        make: what becomes of one that is there.
    """
    stream, name, subjects = client.jetstream(timeout=TIMEOUT), f"KV_{BUCKET}", f"$KV.{BUCKET}."
    config = StreamConfig(
        name=name,
        subjects=[f"{subjects}>"],
        storage=StorageType.FILE,
        num_replicas=copies,
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        allow_rollup_hdrs=True,
        max_msgs_per_subject=1,
        max_age=KEPT,
        max_bytes=BYTES,
        max_msg_size=RECORD_BYTES,
    )
    await make(stream, config)
    # Not asked directly: that is answered by any copy, also by one that does not have yet what was just written.
    return KeyValue(BUCKET, name, subjects, stream, direct=False)


class Bucket:
    """The bucket as a service keeps it at hand; the arguments are those of `bucket`."""

    def __init__(self, client: Client, copies: int, make: Make) -> None:
        self._client = client
        self._copies = copies
        self._make = make
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
            self._made = await bucket(self._client, self._copies, self._make)
        return self._made
