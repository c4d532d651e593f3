"""What is looked after now and then: ends whose other end stays away, pipes without bytes, and the records of both."""

import asyncio
from contextlib import suppress

from mesh.background import now_and_then
from mesh.errors import ServiceError
from mesh.pipes import KEPT
from pipe.attachment import Attachment, Side
from pipe.ending import idle, orphaned
from pipe.parts import Parts
from pipe.settings import PipeSettings
from scope.pipe.v1.messages_pb2 import End

#: How often ends are looked at within the shortest time that is waited for.
_TIMES = 6
#: How often records are written again within the time that they are kept.
_WRITES = 3


class Sweeping:
    """Looks after the ends that are attached here."""

    def __init__(self, parts: Parts, settings: PipeSettings) -> None:
        self._client = parts.client
        self._registry = parts.registry
        self._joining = parts.joining
        self._endings = parts.endings
        self._records = parts.records
        self._orphaned_after = settings.orphaned_after
        self._idle_after = settings.idle_after

    async def run(self) -> None:
        """Does so for ever."""
        await now_and_then(
            min(self._orphaned_after, self._idle_after) / _TIMES, self._sweep, "pipes were not looked at"
        )

    async def keep(self) -> None:
        """Writes the records again of pipes that are in use, for ever."""
        await now_and_then(KEPT / _WRITES, self._keep, "records of pipes were not written again")

    async def _keep(self) -> None:
        for attachment in self._registry:
            # The other end does not outlive this one by more than a moment.
            if attachment.side is Side.USER:
                await self._records.keep(attachment.pipe)

    async def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for attachment in self._registry:
            if (end := self._look(attachment, now)) is not None:
                with suppress(ServiceError):  # the bus is away; it is written later
                    await self._endings.end(attachment.pipe, end)
            elif attachment.peer is None:
                await self._joining.look(attachment)
        await self._endings.write()

    def _look(self, attachment: Attachment, now: float) -> End | None:
        """Why a pipe must end, if it must."""
        if attachment.moved:
            attachment.moved, attachment.still_since = False, now
        away = attachment.absent and attachment.peer is None and self._client.is_connected
        if not away:
            attachment.absent_since = None
        elif attachment.absent_since is None:
            attachment.absent_since = now
        if attachment.absent_since is not None and now - attachment.absent_since > self._orphaned_after:
            return orphaned(attachment.side.other, self._orphaned_after)
        return idle(self._idle_after) if now - attachment.still_since > self._idle_after else None
