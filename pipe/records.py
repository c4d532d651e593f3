"""What is kept of pipes: whose they are, and how they ended."""

import time

import grpc

from mesh.errors import ServiceError, not_found
from pipe.attachment import Side
from pipe.bucket import Bucket
from pipe.instruments import ENDED
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from scope.pipe.v1.messages_pb2 import End, EndReason, Record

#: Characters of the words that go with an end.
MESSAGE_LENGTH = 1000
#: For how long after it was opened a pipe is new, in seconds.
NEW_SECONDS = 10.0

_WORDS = {
    EndReason.END_REASON_EXITED: "what ran in it has ended with status {0}",
    EndReason.END_REASON_CLOSED: "it was closed",
}


def reason_name(end: End) -> str:
    """The reason of an end as people read it: `EXITED`."""
    return EndReason.Name(end.reason).removeprefix("END_REASON_")


class Records:
    """The records of pipes, as pipe reads and writes them.

    Everything raises ServiceError UNAVAILABLE (SERVICE_UNAVAILABLE) while the bus is away.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def own(self, pipe: str, identity: Identity, probe: str = "") -> tuple[Record, Side]:
        """The record of a pipe, and which of its ends is the caller's; a probe says which it is.

        Raises:
            ServiceError: NOT_FOUND where there is none, or neither of its ends is.
        """
        found = await self._bucket.find(pipe)
        side = found and _side(found[0], identity, probe)
        if not found or not side:
            raise not_found("pipe", pipe)
        return found[0], side

    async def end(self, pipe: str, end: End, *, over: bool) -> End:
        """Writes how a pipe ended, unless it had before; answers how it did.

        Args:
            pipe: its id.
            end: why it ends now.
            over: whether nobody may attach any more from now on.
        """
        while (found := await self._bucket.find(pipe)) is not None:
            record, revision = found
            first = not record.pipe.HasField("end")
            if not first and (record.over or not over):
                return record.pipe.end
            if first:
                record.pipe.end.CopyFrom(_kept(end))
                record.pipe.ended_at.GetCurrentTime()
            record.over |= over
            if await self._bucket.replace(record, revision):
                if first:
                    ENDED.add(1, reason_name(end))
                return record.pipe.end
        return end

    async def keep(self, pipe: str) -> None:
        """Writes a record again, which would be forgotten otherwise; who has just changed it has done the same."""
        if (found := await self._bucket.find(pipe)) is not None:
            await self._bucket.replace(*found)


def _side(record: Record, identity: Identity, probe: str) -> Side | None:
    if identity.organization != record.organization:
        return None
    if identity.caller == Caller.CALLER_USER and identity.subject == record.user:
        return Side.USER
    if identity.caller == Caller.CALLER_PROBE and probe == record.pipe.probe_id:
        return Side.PROBE
    return None


def _kept(end: End) -> End:
    # Without the bytes that were sent: who reads this waits for none.
    return End(reason=end.reason, message=end.message[:MESSAGE_LENGTH], exit_status=end.exit_status)


def is_new(record: Record) -> bool:
    """Whether its ends attach for the first time, as far as can be told: they do so at once."""
    return time.time() - record.pipe.opened_at.ToMilliseconds() / 1000 < NEW_SECONDS


def check_open(record: Record, patience: float) -> None:
    """Raises ServiceError FAILED_PRECONDITION (PIPE_ENDED), which says why, where nobody may attach to a pipe any more.

    The second end may still do that for so many seconds after the first one has ended it.
    """
    pipe = record.pipe
    if not pipe.HasField("end") or (not record.over and time.time() - pipe.ended_at.ToMilliseconds() / 1000 < patience):
        return
    words = pipe.end.message or _WORDS.get(pipe.end.reason, "it is over").format(pipe.end.exit_status)
    raise ServiceError(
        grpc.StatusCode.FAILED_PRECONDITION,
        Reason.REASON_PIPE_ENDED,
        f"this pipe has ended: {words}",
        {"end": reason_name(pipe.end), "exit_status": str(pipe.end.exit_status)},
    )
