"""One stream of one end of a pipe: brings the frames of a window to the service, and the service's to the window."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import grpc
import grpc.aio

from scope.pipe.v1.messages_pb2 import AttachRequest, AttachResponse, EndReason, Frame
from scope_sdk import errors
from scope_sdk._window import Window
from scope_sdk.errors import PublishError

TICK = 5.0
"""Seconds after which what may have been lost is said again."""

_ACK_WITHIN = 0.02
_ATTACHED_WITHIN = 10.0
_ENDED_WITHIN = 2.0

Streaming = grpc.aio.StreamStreamCall[AttachRequest, AttachResponse]


class Attachment:
    """Must be closed by whoever made it.

    Attributes:
        draining: whether the service wants another one in its place.
    """

    def __init__(self, call: Streaming, window: Window, wake: asyncio.Event, changed: Callable[[], None]) -> None:
        """Opens nothing yet.

        Args:
            call: the stream.
            window: what is sent and received.
            wake: set by whoever changed the window.
            changed: called when a frame has changed it.
        """
        self.draining = False
        self._call = call
        self._window = window
        self._wake = wake
        self._changed = changed
        self._left = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Waits until the service has taken it. Raises PublishError where it does not."""
        try:
            async with asyncio.timeout(_ATTACHED_WITHIN):
                await self._call.initial_metadata()
                if self._call.done():
                    await self._call.read()
        except TimeoutError:
            why = f"the service did not answer within {_ATTACHED_WITHIN:.0f} s"
            raise PublishError(grpc.StatusCode.DEADLINE_EXCEEDED, why) from None
        except grpc.aio.AioRpcError as error:
            raise errors.read(error) from None

    def serve(self) -> None:
        """From here on frames go this way, and no other."""
        self._window.attached()
        self._wake.set()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._left.set())
        self._writer = asyncio.create_task(self._write())
        self._tick()

    @property
    def alive(self) -> bool:
        """Whether frames still go this way."""
        return self._reader is not None and not self._reader.done()

    async def left(self) -> None:
        """Waits until another one is wanted in its place, or the pipe is through.

        Raises PublishError when it breaks.
        """
        await self._left.wait()
        if self._reader is not None and self._reader.done() and not self._window.through:
            self._reader.result()
            raise PublishError(grpc.StatusCode.UNAVAILABLE, "the service ended the stream")

    async def close(self) -> None:
        """Ends the stream: in peace where the pipe is through, otherwise at once."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = [task for task in (self._reader, self._writer) if task is not None]
        try:
            if tasks and self._window.through:
                await asyncio.wait(tasks, timeout=_ENDED_WITHIN)
        finally:
            self._call.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for response in self._call:
                self._receive(response.frame)
        except grpc.aio.AioRpcError as error:
            raise errors.read(error) from None

    def _receive(self, frame: Frame) -> None:
        if frame.HasField("drain"):
            self.draining = True
            self._left.set()
            return
        if self.draining and frame.end.reason == EndReason.END_REASON_REPLACED:
            return  # by the one that was asked for
        self._window.receive(frame)
        self._wake.set()
        self._changed()
        if self._window.through:
            self._left.set()

    async def _write(self) -> None:
        # Why a stream has ended is what the reader knows.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while not self._window.through:
                frame = self._window.outgoing() or await self._something()
                if frame is not None:
                    await self._call.write(AttachRequest(frame=frame))
            self._left.set()
            await self._call.done_writing()

    async def _something(self) -> Frame | None:
        """Waits for something to send; what can wait is sent when nothing else comes for a moment."""
        self._wake.clear()
        try:
            async with asyncio.timeout(_ACK_WITHIN if self._window.owes else None):
                await self._wake.wait()
        except TimeoutError:
            return self._window.outgoing(idle=True)
        return None

    def _tick(self) -> None:
        self._window.tick()
        self._wake.set()
        self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)
