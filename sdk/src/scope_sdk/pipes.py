"""One end of a pipe: bytes that go between a probe and whoever had it open one, whatever the network does meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import grpc
import grpc.aio

from scope.pipe.v1.messages_pb2 import End, EndReason, GetPipeRequest
from scope.pipe.v1.service_pb2_grpc import PipeServiceStub
from scope_sdk._attachment import Attachment, Streaming
from scope_sdk._window import Window
from scope_sdk.backoff import at_least, spread
from scope_sdk.channel import Service
from scope_sdk.errors import PublishError

_FIRST_WAIT = 0.05
_LONGEST_WAIT = 2.0
_BACK_WITHIN = 60.0
_FOUND_WITHIN = 10.0
_TOLD_WITHIN = 5.0
_WORDS = 1_000

_GONE = frozenset({grpc.StatusCode.NOT_FOUND})
# The probe may attach before the service has written down that there is a pipe.

_REASONS = {
    grpc.StatusCode.UNAUTHENTICATED: EndReason.END_REASON_REVOKED,
    grpc.StatusCode.PERMISSION_DENIED: EndReason.END_REASON_REVOKED,
    grpc.StatusCode.INVALID_ARGUMENT: EndReason.END_REASON_FAILED,
    grpc.StatusCode.FAILED_PRECONDITION: EndReason.END_REASON_CLOSED,
}
_OVER = frozenset(_REASONS)

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
        size: how large the terminal at the other end is; None while it has not said so.
        state: `joined` while the other end is there, `attached` while only the service is, otherwise `away`.
        on_state: called when the state has changed.
        on_resize: called with the new size when the terminal at the other end has changed its own.
    """

    def __init__(self, opener: Callable[[], Streaming], explain: Callable[[PublishError], Awaitable[End]]) -> None:
        """Made by `attach`.

        Args:
            opener: opens a stream to the service.
            explain: why the pipe is over, where the service refuses a stream for that.
        """
        self.size: Size | None = None
        self.state: State = "away"
        self.on_state: Callable[[State], None] | None = None
        self.on_resize: Callable[[Size], None] | None = None
        self._opener = opener
        self._explain = explain
        self._window = Window()
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._attachment: Attachment | None = None
        self._tries = 0
        self._known = False
        self._lost_at: float | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def ended(self) -> End | None:
        """Why the pipe is over; None while it is not."""
        return self._window.over

    async def read(self) -> bytes:
        """The next bytes, at least one; none where nothing follows.

        Raises PipeEnded when the pipe is over, everything that has arrived was read, and more should have followed.
        """
        window = self._window
        while not (window.waiting or window.exhausted):
            self._raise_over()
            await self._changed.wait()
        data = window.read()
        self._wake.set()
        return data

    async def write(self, data: bytes) -> None:
        """Takes bytes in, as soon as the other end has taken in enough of those before them.

        Raises PipeEnded when the pipe is over, ValueError after `finish`.
        """
        rest = memoryview(data)
        while rest:
            self._raise_over()
            if self._window.closed:
                raise ValueError("nothing can be written after the end")
            taken = min(self._window.room, len(rest))
            if not taken:
                await self._changed.wait()
                continue
            self._window.write(rest[:taken])
            rest = rest[taken:]
            self._wake.set()

    def finish(self) -> None:
        """Says that nothing follows in this direction; reading goes on."""
        self._window.finish()
        self._wake.set()

    async def end(self, how: Ended | EndReason.ValueType = EndReason.END_REASON_CLOSED, message: str = "") -> None:
        """Ends the pipe, and returns when the other end knows, or cannot be told.

        With an exit status the other end is told when it has taken everything in, however long that takes; otherwise
        after the last byte was sent, for a few seconds.
        """
        if isinstance(how, Ended):
            self._window.finish()
            words = how.message[:_WORDS]
            self._window.end(End(reason=EndReason.END_REASON_EXITED, message=words, exit_status=how.exit_status))
        else:
            self._window.end(End(reason=how, message=message[:_WORDS]))
        self._wake.set()
        await asyncio.wait([self._task], timeout=None if isinstance(how, Ended) else _TOLD_WITHIN)

    def resize(self, width: int, height: int) -> None:
        """Tells the other end how large the terminal is at this one."""
        self._window.resize(width, height)
        self._wake.set()

    async def wait_attached(self) -> None:
        """Waits until the service is there. Raises PipeEnded where the pipe is over before that."""
        while self.state == "away":
            self._raise_over()
            await self._changed.wait()

    async def wait_ended(self) -> End:
        """Why the pipe is over, when it is. What has arrived by then can still be read."""
        while self._window.over is None:
            await self._changed.wait()
        return self._window.over

    async def close(self) -> None:
        """Gives up what is still to be said."""
        self._window.give_up(End(reason=EndReason.END_REASON_CLOSED))
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while not self._window.through:
                try:
                    await self._attach()
                except PublishError as error:
                    await self._reconsider(error)
        except PipeEnded as ended:
            self._window.give_up(ended.end)
        finally:
            self._note("away")
            if self._attachment is not None:
                await self._attachment.close()

    async def _attach(self) -> None:
        """Attaches anew, and lasts until that is to be done again. Raises PublishError where it breaks."""
        following = Attachment(self._opener(), self._window, self._wake, self._heard)
        try:
            await following.begin()
        except BaseException:
            await following.close()
            raise
        if self._attachment is not None:
            await self._attachment.close()
        self._attachment = following
        following.serve()
        self._known, self._lost_at, self._tries = True, None, 0
        self._note("attached")
        await following.left()

    async def _reconsider(self, error: PublishError) -> None:
        """Waits before the next try. Raises PipeEnded where that is of no use."""
        if error.code in _OVER or (self._known and error.code in _GONE):
            raise PipeEnded(await self._explain(error))
        now = asyncio.get_running_loop().time()
        self._lost_at = now if self._lost_at is None else self._lost_at
        patience = _FOUND_WITHIN if error.code in _GONE else _BACK_WITHIN
        if now - self._lost_at > patience:
            why = f"nothing was heard of it for {patience:.0f} s: {error.message}"
            raise PipeEnded(End(reason=EndReason.END_REASON_ORPHANED, message=why))
        if self._attachment is None or not self._attachment.alive:
            self._note("away")
        wait = spread(min(_FIRST_WAIT * 2.0**self._tries, _LONGEST_WAIT))
        self._tries += 1
        await asyncio.sleep(max(wait, at_least(error.retry_after)))

    def _heard(self) -> None:
        """A frame has changed the window."""
        window = self._window
        if window.joined:
            self._note("joined")
        size = None if window.size is None else Size(*window.size)
        if size is not None and size != self.size:
            self.size = size
            if self.on_resize is not None:
                self.on_resize(size)
        self._wake_up()

    def _note(self, state: State) -> None:
        if state != self.state:
            self.state = state
            if self.on_state is not None:
                self.on_state(state)
        self._wake_up()

    def _wake_up(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _raise_over(self) -> None:
        if self._window.over is not None:
            raise PipeEnded(self._window.over)


@asynccontextmanager
async def attach(
    service: Service, pipe_id: str, *, probe_id: str = "", channel: grpc.aio.Channel | None = None
) -> AsyncIterator[Pipe]:
    """One end of a pipe: the probe's with `probe_id`, otherwise that of the person whose token the service has.

    It attaches by itself, and is ended on leaving if it is not over by then. `channel`: one to the same service to use;
    by default one of its own.

    Where there is no such pipe, or it is over, or another's, reading and writing raise PipeEnded.
    """
    async with AsyncExitStack() as stack:
        if channel is None:
            channel = await stack.enter_async_context(service.channel())
        stub = PipeServiceStub(channel)
        metadata = (*service.metadata(probe_id), ("x-scope-pipe-id", pipe_id))

        async def explain(error: PublishError) -> End:
            """The service keeps for a while why a pipe is over, for the person whose it is."""
            if error.code is grpc.StatusCode.FAILED_PRECONDITION and not probe_id:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    found = await stub.GetPipe(GetPipeRequest(id=pipe_id), metadata=metadata, timeout=_TOLD_WITHIN)
                    return found.end
            return End(reason=_REASONS.get(error.code, EndReason.END_REASON_CLOSED), message=error.message[:_WORDS])

        pipe = Pipe(lambda: stub.Attach(metadata=metadata), explain)
        try:
            yield pipe
            await pipe.end()
        except Exception:
            await pipe.end(EndReason.END_REASON_FAILED)
            raise
        finally:
            await pipe.close()
