"""Frames on their way from one end to the other."""

from collections.abc import AsyncIterator
from contextlib import suppress

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.client import Client

from pipe import frames, subjects
from pipe.attachment import Attachment
from pipe.ending import TOO_MUCH, Endings, violated
from pipe.instruments import BYTES, FRAMES
from scope.pipe.v1.messages_pb2 import End, EndReason

#: Why an end may say that it ends; all else is the service's to say.
_OF_ENDS = (EndReason.END_REASON_EXITED, EndReason.END_REASON_CLOSED, EndReason.END_REASON_FAILED)


class _ViolationError(Exception):
    """What an end sent that it may not."""


class Passing:
    """Passes frames on as the bytes that they are, in this replica or over the bus."""

    def __init__(self, client: Client, endings: Endings) -> None:
        self._client = client
        self._endings = endings

    async def run(self, attachment: Attachment, received: AsyncIterator[bytes]) -> None:
        """Passes on what an end sends, until it sends nothing more, or what it may not: then its pipe ends."""
        try:
            async for frame in received:
                if attachment.over:
                    return
                kind = _checked(attachment, frame)
                if kind == frames.END:
                    self._endings.said(attachment, _end(frame, answering=attachment.heard_end))
                await self._pass_on(attachment, frame, kind)
            attachment.finish()
        except _ViolationError as violation:
            self._endings.begin(attachment.pipe, violated(attachment.side, str(violation)))

    async def _pass_on(self, attachment: Attachment, frame: bytes, kind: int) -> None:
        if kind == frames.DATA:
            attachment.moved = True
        if (peer := attachment.peer) is not None:
            FRAMES.add(1, "spliced")
            BYTES.add(len(frame), "spliced")
            if not peer.take(frame, kind):
                raise _ViolationError(TOO_MUCH)
            return
        FRAMES.add(1, "bridged")
        BYTES.add(len(frame), "bridged")
        # What is lost while the bus is away is asked for again.
        with suppress(nats.errors.Error):
            await self._client.publish(subjects.frames(attachment.pipe, attachment.side.other), frame)


def _checked(attachment: Attachment, frame: bytes) -> int:
    """The kind of a frame; raises _ViolationError where its end may not send it."""
    kind = frames.kind(frame)
    if not kind:
        raise _ViolationError("what is no frame of an end")
    if len(frame) > frames.FRAME_BYTES:
        raise _ViolationError(f"a frame of {len(frame)} bytes; one may have {frames.FRAME_BYTES}")
    if kind == frames.DATA and attachment.read_only:
        raise _ViolationError("bytes, and may only read")
    return kind


def _end(frame: bytes, *, answering: bool) -> End:
    """What an end says when it is through; one that answers may repeat the other's reason."""
    try:
        end = frames.end_of(frame)
    except DecodeError:
        raise _ViolationError("an end that cannot be read") from None
    if not answering and end.reason not in _OF_ENDS:
        raise _ViolationError("an end for a reason that is not its own to say")
    return end
