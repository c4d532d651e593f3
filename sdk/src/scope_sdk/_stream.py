"""One stream of reports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import grpc
import grpc.aio

from scope.collection.v1.messages_pb2 import PublishRequest
from scope.collection.v1.service_pb2_grpc import CollectionServiceStub
from scope_sdk import errors
from scope_sdk.channel import Metadata
from scope_sdk.errors import PublishError

ACKNOWLEDGED_WITHIN = 20.0
"""Seconds after which a report without acknowledgement counts as lost, and its stream as broken."""

_ENDED_WITHIN = 2.0


def _ignore() -> None:
    """Nobody waits for a change."""


class Stream:
    """Sends one report after another; its reader notices acknowledgements, the service's wish to drain, and the end.

    `changed` is called at each of these. Whoever made the stream must `finish` or `abandon` it.
    """

    def __init__(self, channel: grpc.aio.Channel, metadata: Metadata, changed: Callable[[], None] = _ignore) -> None:
        self.draining = False
        self.stored = 0
        self._call = CollectionServiceStub(channel).Publish(metadata=metadata)
        self._changed = changed
        self._awaited: tuple[int, int] | None = None
        self._acknowledged = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(self._ended)

    async def send(self, request: PublishRequest, epoch: int, number: int) -> None:
        """Sends a report and waits until it is stored. Raises PublishError where that cannot be known or is refused."""
        self._awaited = (epoch, number)
        self._acknowledged.clear()
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN):
                # Writing to a stream that has ended, or is just being refused, fails in ways of its own; why it ended
                # is what the reader knows.
                with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    await self._call.initial_metadata()
                    await self._call.write(request)
                await self._acknowledged.wait()
        except TimeoutError:
            self._call.cancel()
            raise PublishError(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"no acknowledgement within {ACKNOWLEDGED_WITHIN:.0f} s"
            ) from None
        if self._awaited is not None:
            self.raise_ended()
        self.stored += 1

    def raise_ended(self) -> None:
        """Raises PublishError if the stream has ended."""
        if not self._reader.done():
            return
        error = None if self._reader.cancelled() else self._reader.exception()
        if isinstance(error, grpc.aio.AioRpcError):
            raise errors.read(error)
        if error is not None:
            raise error
        raise PublishError(grpc.StatusCode.UNAVAILABLE, "the service ended the stream")

    async def finish(self) -> None:
        """Ends the stream in peace, after what was sent."""
        try:
            with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await self._call.done_writing()
            await asyncio.wait([self._reader], timeout=_ENDED_WITHIN)
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Ends the stream at once."""
        self._call.cancel()
        await asyncio.wait([self._reader])
        if not self._reader.cancelled():
            self._reader.exception()  # seen: how a stream ended that was given up is nobody's concern

    async def _read(self) -> None:
        async for response in self._call:
            event = response.WhichOneof("event")
            if event == "drain":
                self.draining = True
                self._changed()
            elif event == "acknowledged":
                self._acknowledge(response.acknowledged.epoch, response.acknowledged.number)

    def _acknowledge(self, epoch: int, number: int) -> None:
        if (epoch, number) == self._awaited:
            self._awaited = None
            self._acknowledged.set()

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._acknowledged.set()
        self._changed()
