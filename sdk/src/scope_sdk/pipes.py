"""One end of a pipe: bytes that go between a probe and whoever had it open one, whatever the network does meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import grpc.aio

from scope.pipe.v1.messages_pb2 import End, EndReason
from scope_sdk.channel import Service

State = Literal["attached", "joined", "away"]
"""Whether the service is there, the other end too, or neither."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a terminal, in columns and rows."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How what ran behind a pipe ended: its exit status, 0 to 255, and what there is to say about it."""

    exit_status: int = 0
    message: str = ""


class PipeEnded(Exception):  # noqa: N818  # an end is no error
    """The pipe is over; `end` says why."""

    def __init__(self, end: End) -> None:
        super().__init__(end.message)
        self.end = end


class Pipe:
    """One end of a pipe.

    What is written arrives once and in order, whatever dies on the way: the end attaches again by itself, for 60 s at
    most.

    Attributes:
        ended: why the pipe is over; None while it is not.
        state: `joined` while the other end is there, `attached` while only the service is, otherwise `away`.
        size: how large the terminal at the other end is; None while it has not said so.
        on_state: called when the state has changed.
        on_resize: called with the new size when the terminal at the other end has changed its own.
    """

    ended: End | None
    state: State
    size: Size | None
    on_state: Callable[[State], None] | None
    on_resize: Callable[[Size], None] | None

    async def read(self) -> bytes:
        """The next bytes, at least one; none where nothing follows.

        Raises PipeEnded when the pipe is over and everything before its end was read.
        """
        raise NotImplementedError

    async def write(self, data: bytes) -> None:
        """Takes bytes in, as soon as the other end has taken in enough of those before them.

        Raises PipeEnded when the pipe is over, ValueError after `finish`.
        """
        raise NotImplementedError

    async def finish(self) -> None:
        """Says that nothing follows in this direction; reading goes on."""
        raise NotImplementedError

    async def end(self, how: Ended | EndReason.ValueType = EndReason.END_REASON_CLOSED, message: str = "") -> None:
        """Ends the pipe, and returns when the other end knows, or cannot be told.

        With an exit status the other end is told when it has taken everything in, otherwise after the last byte was
        sent.
        """
        raise NotImplementedError

    def resize(self, width: int, height: int) -> None:
        """Tells the other end how large the terminal is at this one."""
        raise NotImplementedError

    async def wait_ended(self) -> End:
        """Why the pipe is over, when it is. What is not read by then still can be."""
        raise NotImplementedError


@asynccontextmanager
async def attach(
    service: Service, pipe_id: str, *, probe_id: str = "", channel: grpc.aio.Channel | None = None
) -> AsyncIterator[Pipe]:
    """One end of a pipe: the probe's with `probe_id`, otherwise that of the person whose token the service has.

    It attaches by itself, and is ended on leaving if it is not over by then. `channel`: one to the same service to use; by
    default one of its own.

    Where there is no such pipe, or it is over, or another's, reading and writing raise PipeEnded.
    """
    raise NotImplementedError(service.target, pipe_id, probe_id, channel)
    yield Pipe()
