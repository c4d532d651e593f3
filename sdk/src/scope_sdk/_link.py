"""One stream by which a program is called: calls come, answers go."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import grpc
import grpc.aio

from scope.control.v1.messages_pb2 import Answer, ConnectRequest, ConnectResponse, Hello
from scope_sdk import errors
from scope_sdk.errors import PublishError

_READY_WITHIN = 20.0
_ANSWERED_WITHIN = 30.0
_ENDED_WITHIN = 2.0
_WANTED = 30.0
"""Seconds after which nobody waits for an answer any more."""

_DOUBTFUL = 5.0
"""Seconds within which an answer that was sent by a stream that broke may not have arrived."""

_KEPT = 256

Streaming = grpc.aio.StreamStreamCall[ConnectRequest, ConnectResponse]


class Made(NamedTuple):
    """An answer, and when it was made (by the loop's clock)."""

    answer: Answer
    moment: float


class Link:
    """Whoever made it must `retire` or `close` it.

    Attributes:
        ready: whether calls can come by it.
        replaced: whether the service has another stream of this probe.
        leaving: whether the service wants it to end.
    """

    def __init__(
        self, call: Streaming, hello: Hello, answers: Iterable[Made], heard: Callable[[Link, ConnectResponse], None]
    ) -> None:
        """Begins at once.

        Args:
            call: the stream.
            hello: what is said first.
            answers: what is said next.
            heard: called with everything that the service says.
        """
        self.ready = False
        self.replaced = False
        self.leaving = False
        self._call = call
        self._hello = hello
        self._heard = heard
        self._outbox = deque(answers, _KEPT)
        self._sent: deque[Made] = deque(maxlen=_KEPT)
        self._unanswered: set[str] = set()
        self._wake = asyncio.Event()
        self._answered = asyncio.Event()
        self._begun = asyncio.Event()
        self._left = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(self._ended)
        self._writer = asyncio.create_task(self._write())

    @property
    def alive(self) -> bool:
        """Whether an answer can go by it."""
        return not self._reader.done()

    def answer(self, made: Made) -> None:
        """Sends an answer."""
        self._outbox.append(made)
        self._wake.set()

    def settle(self, call: str) -> None:
        """Nothing is to be said about a call any more."""
        self._unanswered.discard(call)
        self._wake.set()

    async def left(self) -> None:
        """Waits until the service wants it to end. Raises PublishError when it breaks."""
        try:
            async with asyncio.timeout(_READY_WITHIN):
                await self._begun.wait()
        except TimeoutError:
            why = f"the service was not ready within {_READY_WITHIN:.0f} s"
            raise PublishError(grpc.StatusCode.DEADLINE_EXCEEDED, why) from None
        await self._left.wait()
        if self._reader.done() and not self.leaving:
            self._reader.result()
            raise PublishError(grpc.StatusCode.UNAVAILABLE, "the service ended the stream")

    async def retire(self) -> list[Made]:
        """Ends it when the calls that came by it are answered; returns the answers that may not have arrived."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERED_WITHIN):
                await self._answered.wait()
                await self._call.done_writing()
                await asyncio.wait([self._reader], timeout=_ENDED_WITHIN)
        return await self.close()

    async def close(self) -> list[Made]:
        """Ends it at once; returns the answers that may not have arrived, and somebody may still wait for."""
        broken = not self._reader.done() or self._reader.cancelled() or self._reader.exception() is not None
        self._call.cancel()
        for task in (self._reader, self._writer):
            task.cancel()
        await asyncio.gather(self._reader, self._writer, return_exceptions=True)
        now = asyncio.get_running_loop().time()
        doubtful = [made for made in self._sent if broken and now - made.moment < _DOUBTFUL]
        return doubtful + [made for made in self._outbox if now - made.moment < _WANTED]

    async def _read(self) -> None:
        try:
            async for response in self._call:
                self._receive(response)
        except grpc.aio.AioRpcError as error:
            raise errors.read(error) from None

    def _receive(self, response: ConnectResponse) -> None:
        match response.WhichOneof("event"):
            case "ready":
                self.ready = True
                self._begun.set()
            case "call":
                self._unanswered.add(response.call.id)
            case "drain" | "replaced" as event:
                self.leaving = True
                self.replaced = self.replaced or event == "replaced"
                self._begun.set()
                self._left.set()
                self._wake.set()
        self._heard(self, response)

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._begun.set()
        self._left.set()
        self._answered.set()

    async def _write(self) -> None:
        # Why a stream has ended is what the reader knows.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._call.write(ConnectRequest(hello=self._hello))
            while True:
                while self._outbox:
                    made = self._outbox[0]
                    await self._call.write(ConnectRequest(answer=made.answer))
                    self._sent.append(self._outbox.popleft())
                    self._unanswered.discard(made.answer.call)
                if self.leaving and not self._unanswered:
                    self._answered.set()
                self._wake.clear()
                await self._wake.wait()
