"""One end of a pipe, for as long as one stream lasts."""

import asyncio
import secrets
import time
from enum import StrEnum

from pipe import frames
from pipe.outbox import Outbox
from scope.pipe.v1.messages_pb2 import End, Record

#: How long an end that takes nothing in may keep its stream once that is over, in seconds.
GRACE = 2.0


class Side(StrEnum):
    """Which end of a pipe."""

    PROBE = "probe"
    USER = "user"

    @property
    def other(self) -> "Side":
        """The one that it is joined with."""
        return Side.USER if self is Side.PROBE else Side.PROBE


class Attachment:
    """One end's stream. To be made in the task that serves it.

    Args:
        record: of the pipe.
        side: which of its ends.
    """

    def __init__(self, record: Record, side: Side) -> None:
        self.id = secrets.token_hex(16)
        #: The id of the pipe, and whose it is.
        self.pipe = record.pipe.id
        self.organization = record.organization
        self.probe = record.pipe.probe_id
        self.side = side
        #: Whether it may send no bytes.
        self.read_only = side is Side.USER and record.pipe.read_only
        #: Since when it is attached, in seconds since 1970.
        self.since = time.time()
        self.outbox = Outbox()
        #: The other end, where that is attached to this replica too.
        self.peer: Attachment | None = None
        #: Whether the bus has repeated what this one said of itself: whoever says the same later takes its place.
        self.announced = False
        #: Whether the other end was asked over the bus to say that it is there.
        self.asked = False
        #: Whether the bus said that nobody has the other end, when it was last asked.
        self.absent = False
        #: Since when that is so, by the event loop's clock; None while it is not.
        self.absent_since: float | None = None
        #: Since when no bytes went by.
        self.still_since = asyncio.get_running_loop().time()
        #: Whether bytes went by, in either direction, since somebody last looked.
        self.moved = False
        #: Whether the other end has said that it is through.
        self.heard_end = False
        #: Whether its own end was noted, and whether as one that answers the other's; an end may say so many times.
        self.noted = self.noted_over = False
        #: Set when the stream is over and nothing is held for it any more.
        self.left = asyncio.Event()
        self._task = asyncio.current_task()
        self._cut: asyncio.TimerHandle | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is taken from this end, nor sent to it."""
        return self.outbox.closed

    def take(self, frame: bytes, kind: int) -> bool:
        """Takes a frame of the other end; answers False where that has sent more than it has credit for."""
        if kind == frames.DATA:
            self.moved = True
        elif kind == frames.END:
            self.heard_end = True
        return self.outbox.put(frame)

    def finish(self, end: End | None = None) -> None:
        """Ends the stream, saying why where the end shall know. One that does not even take that in is cut off."""
        self.outbox.close(frames.end_frame(end) if end else b"")
        if self._cut is None and self._task is not None:
            self._cut = asyncio.get_running_loop().call_later(GRACE, self._task.cancel)

    def leave(self) -> None:
        """Notes that the stream is over."""
        if self._cut is not None:
            self._cut.cancel()
        self.left.set()
