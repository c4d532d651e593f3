"""How the two ends of a pipe find each other, and that nobody else takes part.

Two at one replica are spliced. Others meet over the bus: who attaches says `attached` to those who have its own end,
which are over, and `met` to whoever has the other one, who says so back; both ends then hear that they are joined. The
bus answers for whoever is not there.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from pipe import subjects
from pipe.attachment import Attachment, Side
from pipe.bucket import away
from pipe.ending import TOO_MUCH, Endings, violated
from pipe.errands import Errands
from pipe.frames import JOINED, kind
from pipe.registry import Registry
from scope.pipe.v1.messages_pb2 import End, EndReason, Met, Notice

_REPLACED = End(reason=EndReason.END_REASON_REPLACED, message="this end was attached somewhere else")
_ASKED = Notice(met=Met(answer=True)).SerializeToString()
_ANSWERED = Notice(met=Met()).SerializeToString()


class Joining:
    """Joins ends over the bus, and in this replica."""

    def __init__(self, client: Client, registry: Registry, endings: Endings, errands: Errands) -> None:
        self._client = client
        self._registry = registry
        self._endings = endings
        self._errands = errands
        # Where the bus says that nobody has the other end.
        self._nobody = f"_INBOX_pipe.{secrets.token_hex(8)}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hears who is not there while the body runs."""
        subscription = await self._client.subscribe(f"{self._nobody}.*.*", cb=self._absent)
        try:
            yield
        finally:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _absent(self, message: Msg) -> None:
        _, _, pipe, side = message.subject.split(".")
        if (attachment := self._registry.find(pipe, Side(side))) is not None:
            attachment.absent = True

    @asynccontextmanager
    async def attached(self, attachment: Attachment) -> AsyncIterator[None]:
        """Has an end take part while the body runs; it must end when the attachment's outbox does.

        Raises:
            ServiceError: UNAVAILABLE where the bus is away.
        """

        async def hear(message: Msg) -> None:
            await self._hear(attachment, message)

        subscription = await self._client.subscribe(subjects.both(attachment.pipe, attachment.side), cb=hear)
        try:
            self._replace(attachment.pipe, attachment.side)
            self._registry.add(attachment)
            await self._announce(attachment)
            yield
        finally:
            self._leave(attachment)
            attachment.leave()
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _announce(self, attachment: Attachment) -> None:
        try:
            await self._say_own(attachment, Notice(attached=attachment.id))
            if attachment.peer is None:
                await self._ask(attachment)
        except nats.errors.Error as error:
            raise away() from error

    async def make_room(self, pipe: str, side: Side) -> None:
        """Ends the older attachment of an end at this replica, and waits until it holds nothing."""
        if (older := self._replace(pipe, side)) is not None:
            await older.left.wait()

    def _replace(self, pipe: str, side: Side) -> Attachment | None:
        if (older := self._registry.find(pipe, side)) is not None:
            self._end(older)
        return older

    def _end(self, attachment: Attachment) -> None:
        self._leave(attachment)
        attachment.finish(_REPLACED)

    def _leave(self, attachment: Attachment) -> None:
        peer = self._registry.remove(attachment)
        if peer is not None:
            peer.asked = True
            self._errands.begin(self._ask_again(peer))

    async def _ask_again(self, attachment: Attachment) -> None:
        # While the bus is away nobody can be asked; it is done again when that is back.
        with suppress(nats.errors.Error):
            if attachment.asked:  # or somebody has come meanwhile
                await self._ask(attachment)

    async def _ask(self, attachment: Attachment) -> None:
        """Looks for the other end elsewhere."""
        attachment.asked = True
        await self._say(attachment, _ASKED)

    async def look(self, attachment: Attachment) -> None:
        """Finds out whether anybody has the other end; whoever has it need not answer."""
        attachment.absent = False
        with suppress(nats.errors.Error):
            await self._say(attachment, b"")

    async def _say_own(self, attachment: Attachment, notice: Notice) -> None:
        subject = subjects.notices(attachment.pipe, attachment.side)
        await self._client.publish(subject, notice.SerializeToString())

    async def _say(self, attachment: Attachment, notice: bytes) -> None:
        """Says something to whoever has the other end; where nobody has it, the bus tells."""
        nobody = f"{self._nobody}.{attachment.pipe}.{attachment.side}"
        await self._client.publish(subjects.notices(attachment.pipe, attachment.side.other), notice, reply=nobody)

    async def _hear(self, attachment: Attachment, message: Msg) -> None:
        if subjects.is_frame(message.subject):
            if not attachment.take(message.data, kind(message.data)):
                end = violated(attachment.side.other, TOO_MUCH)
                attachment.finish(end)  # what still comes is not one more reason
                self._endings.begin(attachment.pipe, end)
            return
        notice = Notice.FromString(message.data)
        match notice.WhichOneof("event"):
            case "attached":
                self._hear_attached(attachment, notice.attached)
            case "still":
                await self._hear_still(attachment, notice.still)
            case "met":
                await self._hear_met(attachment, notice.met)
            case "ended":
                self._registry.end(attachment.pipe, notice.ended)

    def _hear_attached(self, attachment: Attachment, newest: str) -> None:
        # All hear the same order, their own words among the others: whoever spoke last has the end.
        if newest == attachment.id:
            attachment.announced = True
        elif attachment.announced and self._registry.find(attachment.pipe, attachment.side) is attachment:
            self._end(attachment)

    async def _hear_still(self, attachment: Attachment, older: str) -> None:
        # Its own first words may have been lost when the bus went away; with these, the rest is heard in order again.
        attachment.announced = older == attachment.id
        if not attachment.announced:
            await self._say_own(attachment, Notice(attached=attachment.id))

    async def _hear_met(self, attachment: Attachment, met: Met) -> None:
        attachment.absent = False
        if attachment.peer is not None:
            return  # one of the two is over and about to hear it; then this one asks, if that is the one here
        if met.answer:
            await self._say(attachment, _ANSWERED)
        if met.answer or attachment.asked:
            attachment.asked = False
            attachment.outbox.put(JOINED)

    async def again(self) -> None:
        """Makes all ways anew that go over the bus, which was away."""
        for attachment in self._registry:
            with suppress(nats.errors.Error):
                await self._say_own(attachment, Notice(still=attachment.id))
                if attachment.peer is None:
                    await self._ask(attachment)
