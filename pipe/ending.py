"""How pipes end: once, for the first reason that there is."""

from contextlib import suppress

import nats.errors
import structlog
from nats.aio.client import Client

from mesh.errors import ServiceError
from pipe.attachment import Attachment, Side
from pipe.errands import Errands
from pipe.records import Records, reason_name
from pipe.registry import Registry
from pipe.subjects import notices
from scope.pipe.v1.messages_pb2 import End, EndReason, Notice

#: What an end sent that does not wait for the other one to take in what came before.
TOO_MUCH = "more than it had credit for"

_WHO = {Side.PROBE: "the probe", Side.USER: "whoever opened it"}
_log = structlog.get_logger()


def closed() -> End:
    """Somebody asked for it."""
    return End(reason=EndReason.END_REASON_CLOSED, message="it was closed by who had opened it")


def revoked(why: str) -> End:
    """Who opened it may not use it any longer."""
    return End(reason=EndReason.END_REASON_REVOKED, message=why)


def limited(why: str) -> End:
    """There are more than may be."""
    return End(reason=EndReason.END_REASON_LIMIT, message=why)


def violated(side: Side, what: str) -> End:
    """That end does what it may not."""
    return End(reason=EndReason.END_REASON_VIOLATED, message=f"{_WHO[side]} sent {what}")


def orphaned(side: Side, seconds: float) -> End:
    """That end does not come back."""
    return End(reason=EndReason.END_REASON_ORPHANED, message=f"{_WHO[side]} was away for more than {seconds:g} seconds")


def idle(seconds: float) -> End:
    """Nothing goes through."""
    return End(reason=EndReason.END_REASON_IDLE, message=f"nothing was sent either way for more than {_span(seconds)}")


def _span(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:g} hours" if hours >= 1 else f"{seconds:g} seconds"


class Endings:
    """Ends pipes: in their records, at the ends that are here, and at those elsewhere."""

    def __init__(self, client: Client, registry: Registry, records: Records, errands: Errands) -> None:
        self._client = client
        self._registry = registry
        self._records = records
        self._errands = errands
        #: What could not be written while the bus was away, by pipe; for each there was an attachment here.
        self._unwritten: dict[str, tuple[End, bool]] = {}

    async def end(self, pipe: str, end: End) -> None:
        """Ends a pipe, for this reason unless there was another one; where the bus is away, at this replica.

        Raises:
            ServiceError: UNAVAILABLE where it could not be written yet.
        """
        try:
            end = await self._records.end(pipe, end, over=True)
        except ServiceError:
            self._unwritten[pipe] = end, True
            raise
        finally:
            _log.info("a pipe ends", pipe=pipe, reason=reason_name(end), why=end.message)
            self._registry.end(pipe, end)
        with suppress(nats.errors.Error):
            for side in Side:
                await self._client.publish(notices(pipe, side), Notice(ended=end).SerializeToString())

    def begin(self, pipe: str, end: End) -> None:
        """The same, where nobody waits for it."""
        self._errands.begin(self.end(pipe, end))

    def said(self, attachment: Attachment, end: End) -> None:
        """Notes that an end says it is through. Who says so after the other one has everything, too."""
        over = attachment.heard_end
        if not attachment.noted or (over and not attachment.noted_over):
            attachment.noted, attachment.noted_over = True, over
            self._errands.begin(self._note(attachment.pipe, end, over=over))

    async def _note(self, pipe: str, end: End, *, over: bool) -> None:
        try:
            await self._records.end(pipe, end, over=over)
        except ServiceError:
            self._unwritten.setdefault(pipe, (end, over))
            raise

    async def write(self) -> None:
        """Writes what could not be written. Raises ServiceError UNAVAILABLE where it still cannot."""
        while self._unwritten:
            pipe, (end, over) = next(iter(self._unwritten.items()))
            await self._records.end(pipe, end, over=over)
            del self._unwritten[pipe]
