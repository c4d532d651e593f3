"""Publishing: reports go out, acknowledgements come back, and what the network does in between is not the caller's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import grpc
import grpc.aio

from scope.collection.v1.messages_pb2 import PublishRequest
from scope_sdk._series import Encoded, Series
from scope_sdk._stream import Stream
from scope_sdk.backoff import Backoff, at_least
from scope_sdk.channel import Service, check_names
from scope_sdk.errors import REFUSED, PublishError
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.state import State, new_probe_id

KEPT = 20
"""How many reports wait while the service is away: a minute of them at the usual pace, as much as anyone is shown."""

_TRIES = 3
# A report at once is tried again where the service was killed, and where gRPC hides why a stream ended behind its own
# failure to write to it: both look like INTERNAL.

_SUPERSEDED = "EPOCH_SUPERSEDED"
_INVALID = "REPORT_INVALID"
_TOO_FAST = "RATE_EXCEEDED"

_log = logging.getLogger("scope_sdk")


class Acknowledged(NamedTuple):
    """A report that the service has stored."""

    epoch: int
    number: int


@dataclass(slots=True, eq=False)
class _Waiting:
    """A report that is not stored yet."""

    builder: Builder
    stored: asyncio.Future[bool]
    encoded: Encoded | None = None


class Publisher:
    """Sends what builders hold for as long as it is open, whatever happens to the service.

    While the service is away up to KEPT reports wait, with their samples; then the oldest is dropped and counted, and
    the service is told how many. It is tried again at once, then after 1 s doubling to 30 s, with some chance in it. So
    do reports wait that come faster than the service takes them, for as long as it says.

    Attributes:
        probe_id: the id under which the service knows this probe.
        connected: whether the stream that is open has stored a report.
        acknowledged: the newest report that the service has stored.
        dropped: how many reports were given up since the start.
        problem: why it is not connected, in words; empty where nothing is wrong.
    """

    def __init__(self, service: Service, state: Path | None = None, *, probe_id: str = "", version: str = "") -> None:
        """Prepares to publish.

        Args:
            service: where to, and on whose behalf.
            state: a directory of this probe alone, where its id and epoch are kept; without one it is another probe at
                every start.
            probe_id: the probe's id, `[A-Za-z0-9_-]{1,64}`, if it is not to be the one that is kept.
            version: of the program that reports, at most 64 characters.

        Raises:
            OSError: the directory cannot be used.
            ValueError: the probe id or the version is none, or the directory holds something else.
        """
        self._state = State(state)
        self.probe_id = check_names(probe_id, version) or self._state.probe_id()
        self.connected = False
        self.acknowledged: Acknowledged | None = None
        self.dropped = 0
        self.problem = ""
        self._service = service
        self._version = version
        self._series = Series(self._state.next_epoch())
        self._waiting: deque[_Waiting] = deque()
        self._changed = asyncio.Event()
        self._backoff = Backoff()
        self._channel: grpc.aio.Channel | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._channel = self._service.channel()
        self._task = asyncio.create_task(self._run(self._channel))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None and self._channel is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._channel.close()
        while self._waiting:
            _settle(self._waiting.popleft(), stored=False)

    def publish(self, builder: Builder) -> asyncio.Future[bool]:
        """Takes a report, which is the publisher's from here on, and sends it as soon as it can.

        Returns what may be awaited until it is stored (True) or dropped (False). Raises ReportError where the builder's
        parts do not fit each other.
        """
        if self._task is None or self._task.done():
            raise RuntimeError("a publisher takes reports while it is open (async with)")
        builder.check()
        waiting = _Waiting(builder, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._drop_oldest()
        self._changed.set()
        return waiting.stored

    async def _run(self, channel: grpc.aio.Channel) -> None:
        stream = self._open(channel)
        try:
            while True:
                try:
                    await self._feed(stream)
                    if not stream.stored:
                        await asyncio.sleep(self._backoff.next())  # nobody takes reports just now
                    draining, stream = stream, self._open(channel)
                    await draining.finish()
                except PublishError as error:
                    await stream.abandon()
                    await asyncio.sleep(self._after(error))
                    stream = self._open(channel)
        finally:
            self.connected = False
            await stream.abandon()

    def _open(self, channel: grpc.aio.Channel) -> Stream:
        return Stream(channel, self._service.metadata(self.probe_id), self._changed.set)

    async def _feed(self, stream: Stream) -> None:
        """Sends what waits until the stream is to end in peace. Raises PublishError when it ends otherwise."""
        while not stream.draining:
            stream.raise_ended()
            if not self._waiting:
                self._changed.clear()
                await self._changed.wait()
                continue
            waiting = self._waiting.popleft()
            try:
                await self._send(waiting, stream)
            except ReportError as error:
                self._drop(waiting, str(error))
            except BaseException:
                self._waiting.appendleft(waiting)
                self._drop_oldest()
                raise

    async def _send(self, waiting: _Waiting, stream: Stream) -> None:
        encoded = waiting.encoded = waiting.encoded or self._series.next(waiting.builder)
        report = encoded.report
        request = PublishRequest(report=encoded.body, version=self._version, dropped=self.dropped)
        await stream.send(request, report.epoch, report.number)
        self._series.acknowledged(encoded)
        self.acknowledged = Acknowledged(report.epoch, report.number)
        self._backoff.reset()
        if not self.connected:
            _log.info("connected to %s", self._service.target)
        self.connected, self.problem = True, ""
        _settle(waiting, stored=True)

    def _after(self, error: PublishError) -> float:
        """Makes the best of a stream that ended; returns how many seconds to wait for the next."""
        if error.reason == _TOO_FAST:
            return self._paced(error)
        if self.connected or str(error) != self.problem:
            _log.warning("not connected to %s: %s", self._service.target, error)
        self.connected, self.problem = False, str(error)
        self._series.uncertain()
        if self._waiting and self._waiting[0].encoded is not None:
            self._reconsider(self._waiting[0], self._waiting[0].encoded, error)
        if error.reason == _SUPERSEDED:
            self._series = Series(self._state.epoch_after(error.epoch))
        return self._backoff.longest() if error.code in REFUSED else self._backoff.next()

    def _paced(self, error: PublishError) -> float:
        """What was under way was certainly not stored: it goes out as it is, after the time that the service says."""
        _log.warning("reports wait: %s", error)
        self.problem = str(error)
        return at_least(error.retry_after)

    def _reconsider(self, first: _Waiting, sent: Encoded, error: PublishError) -> None:
        """What becomes of a report that was under way: a full one goes out again as it is, a delta as a full one."""
        if error.reason == _INVALID:
            self._drop(self._waiting.popleft(), str(error))
        elif sent.report.base or error.reason == _SUPERSEDED:
            first.encoded = None

    def _drop_oldest(self) -> None:
        while len(self._waiting) > KEPT:
            self._drop(self._waiting.popleft(), "")

    def _drop(self, waiting: _Waiting, why: str) -> None:
        self.dropped += 1
        if why:
            self.problem = why
            _log.warning("a report was dropped: %s", why)
        _settle(waiting, stored=False)


async def publish_once(
    service: Service, builder: Builder, *, probe_id: str = "", state: Path | None = None, version: str = ""
) -> Acknowledged:
    """Sends one full report and returns when it is stored. Without `probe_id` it comes from a probe never seen before.

    Raises PublishError where it is refused or the service cannot be reached, ReportError where the builder's parts do
    not fit each other.
    """
    name = check_names(probe_id, version) or new_probe_id()
    epochs = State(state)
    epoch = epochs.next_epoch()
    tries = _TRIES
    async with service.channel() as channel:
        while True:
            try:
                return await _once(Stream(channel, service.metadata(name)), epoch, builder, version)
            except PublishError as error:
                tries -= 1
                again = error.reason in (_SUPERSEDED, _TOO_FAST) or error.code is grpc.StatusCode.INTERNAL
                if not tries or not again:
                    raise
                if error.reason == _SUPERSEDED:
                    epoch = epochs.epoch_after(error.epoch)
                await asyncio.sleep(at_least(error.retry_after))


async def _once(stream: Stream, epoch: int, builder: Builder, version: str) -> Acknowledged:
    try:
        encoded = Series(epoch).next(builder)
        await stream.send(PublishRequest(report=encoded.body, version=version), epoch, encoded.report.number)
        await stream.finish()
    finally:
        await stream.abandon()
    return Acknowledged(epoch, encoded.report.number)


def _settle(waiting: _Waiting, *, stored: bool) -> None:
    if not waiting.stored.done():
        waiting.stored.set_result(stored)
