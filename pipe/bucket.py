"""The bucket of the bus in which records of pipes are kept, as pipe reads and writes it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from mesh import bus, pipes
from mesh.errors import ServiceError, unavailable
from scope.errors.v1.errors_pb2 import Reason
from scope.pipe.v1.messages_pb2 import Record

T = TypeVar("T")


def away() -> ServiceError:
    """The bus does not answer."""
    message = "the bus that joins the two ends of pipes is away; try again in a moment"
    return unavailable(Reason.REASON_SERVICE_UNAVAILABLE, message)


class Bucket:
    """The records of all pipes; who reads them may not change how they are kept, which control does.

    Everything raises ServiceError UNAVAILABLE (SERVICE_UNAVAILABLE) while the bus is away, or has no room.
    """

    def __init__(self, client: Client, copies: int) -> None:
        self._bucket = pipes.Bucket(client, copies, bus.make)

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
            return await self._bucket.use(work)
        except (KeyNotFoundError, KeyWrongLastSequenceError):
            raise
        except (APIError, nats.errors.Error, OSError) as error:
            raise away() from error
