"""Where pipes are kept: a bucket of the bus, its values `Record`s by the id of their pipe.

Control writes a record when an answer opens a pipe; pipe reads it at each attachment, and writes how it ended. Who is
first makes the bucket.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js.api import KeyValueConfig
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError, NoStreamResponseError
from nats.js.kv import KeyValue

from mesh.bus import TIMEOUT
from mesh.errors import unavailable
from scope.errors.v1.errors_pb2 import Reason
from scope.pipe.v1.messages_pb2 import Record

#: How long a record is kept after it was last written, in seconds. Pipe writes those again that are in use.
KEPT = 3600.0

_BUCKET = KeyValueConfig(bucket="pipes", history=1, ttl=KEPT, max_bytes=64 * 1024 * 1024, direct=True)

T = TypeVar("T")


class Pipes:
    """The records of all pipes.

    Everything raises ServiceError UNAVAILABLE (SERVICE_UNAVAILABLE) while the bus is away, or has no room.
    """

    def __init__(self, client: Client) -> None:
        self._stream = client.jetstream(timeout=TIMEOUT)
        self._bucket: KeyValue | None = None

    async def create(self, record: Record) -> None:
        """Keeps a new pipe, whose id no other has."""
        value = record.SerializeToString()
        await self._with(lambda bucket: bucket.create(record.pipe.id, value))

    async def find(self, pipe: str) -> tuple[Record, int] | None:
        """The record of the pipe of that id, and its revision; None where there is none."""
        try:
            entry = await self._with(lambda bucket: bucket.get(pipe))
        except KeyNotFoundError:
            return None
        return Record.FromString(entry.value or b""), entry.revision or 0

    async def replace(self, record: Record, revision: int) -> bool:
        """Writes a record in the place of its revision; False where another one is there by now."""
        value = record.SerializeToString()
        try:
            await self._with(lambda bucket: bucket.update(record.pipe.id, value, last=revision))
        except KeyWrongLastSequenceError:
            return False
        return True

    async def _with(self, work: Callable[[KeyValue], Awaitable[T]]) -> T:
        try:
            try:
                return await work(await self._made())
            except (NoStreamResponseError, nats.errors.NoRespondersError):
                self._bucket = None  # it was deleted since, or the bus was set up anew
                return await work(await self._made())
        except (KeyNotFoundError, KeyWrongLastSequenceError):
            raise
        except (APIError, nats.errors.Error, OSError) as error:
            message = "the bus that joins the two ends of pipes is away; try again in a moment"
            raise unavailable(Reason.REASON_SERVICE_UNAVAILABLE, message) from error

    async def _made(self) -> KeyValue:
        if self._bucket is None:
            self._bucket = await self._stream.create_key_value(_BUCKET)
        return self._bucket
