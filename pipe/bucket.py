"""The bucket of the bus in which records of pipes are kept, as pipe reads and writes it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError, NoStreamResponseError
from nats.js.kv import KeyValue

from mesh import pipes
from mesh.errors import ServiceError, unavailable
from scope.errors.v1.errors_pb2 import Reason
from scope.pipe.v1.messages_pb2 import Record

T = TypeVar("T")


def away() -> ServiceError:
    """The bus does not answer."""
    message = "the bus that joins the two ends of pipes is away; try again in a moment"
    return unavailable(Reason.REASON_SERVICE_UNAVAILABLE, message)


class Bucket:
    """The records of all pipes.

    Everything raises ServiceError UNAVAILABLE (SERVICE_UNAVAILABLE) while the bus is away, or has no room.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bucket: KeyValue | None = None

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
            raise away() from error

    async def _made(self) -> KeyValue:
        if self._bucket is None:
            self._bucket = await pipes.bucket(self._client)
        return self._bucket
