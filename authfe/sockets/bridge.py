"""One WebSocket joined with one attachment at the pipe service, until either ends."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import grpc
from aiohttp import ClientConnectionError, WSCloseCode, WSMsgType, web
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from authfe.sockets import instruments
from authfe.sockets.frames import BrowserEnd, RefusedError, end_words, read_only_words
from mesh.headers import READ_ONLY
from scope.pipe.v1.messages_pb2 import AttachRequest, AttachResponse, Frame

Call = grpc.aio.StreamStreamCall[AttachRequest, AttachResponse]

#: How long nothing is acknowledged before what was sent is told again, in seconds.
TICK = 5.0
#: How long pipe may take to end a stream that is over, in seconds.
_GRACE = 2.0

#: What pipe refuses for good; whatever else it says, another attempt may be worth it.
_FINAL = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
    }
)


@dataclass(frozen=True)
class Closing:
    """With what a WebSocket is closed.

    Args:
        code: of RFC 6455 and its registry.
        reason: in words; at most 123 bytes of it are sent.
    """

    code: int
    reason: str = ""


RESTART = Closing(WSCloseCode.SERVICE_RESTART, "what serves the pipe is about to stop or was lost; attach again")
AWAY = Closing(WSCloseCode.TRY_AGAIN_LATER, "what serves pipes is away at the moment; attach again")
_OVER = Closing(WSCloseCode.OK)


class Bridge:
    """Brings what comes by the WebSocket to the pipe, and what comes from the pipe to the WebSocket. To be left.

    Args:
        websocket: the browser's.
        call: the attachment.
        received: how many bytes the browser has already.
    """

    def __init__(self, websocket: web.WebSocketResponse, call: Call, received: int) -> None:
        self._websocket = websocket
        self._call = call
        self._end = BrowserEnd(received)
        self._writing = asyncio.Lock()
        self._reading = asyncio.create_task(self._down())

    async def run(self, leaving: asyncio.Event) -> Closing | None:
        """Goes on until either side is through; answers how to close the WebSocket, None where its peer is gone."""
        beside = [asyncio.create_task(one) for one in (self._up(), self._ticking(), _restart(leaving))]
        try:
            done, _ = await asyncio.wait([self._reading, *beside], return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        except ClientConnectionError:
            return None
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def leave(self) -> None:
        """Ends the attachment, so that what was written to it still arrives."""
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._call.done_writing()
        await asyncio.wait([self._reading], timeout=_GRACE)
        self._call.cancel()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _up(self) -> Closing | None:
        async for message in self._websocket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                break
            instruments.count(instruments.FROM_BROWSERS, message.data)
            try:
                await self._write(self._end.from_browser(message.data))
            except RefusedError as error:
                return Closing(error.code, str(error))
        return None

    async def _down(self) -> Closing:
        try:
            if (await self._call.initial_metadata()).get(READ_ONLY) == "true":
                await self._tell([read_only_words()])
            async for response in self._call:
                if response.frame.HasField("drain"):
                    return RESTART
                said, answers = self._end.from_pipe(response.frame)
                await self._tell(said)
                await self._write(answers)
                if self._end.over:
                    return _OVER
        except grpc.aio.AioRpcError as error:
            return await self._failed(error)
        return RESTART

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            await self._write(self._end.tick())

    async def _tell(self, said: Iterable[bytes | str]) -> None:
        for one in said:
            instruments.count(instruments.TO_BROWSERS, one)
            await (self._websocket.send_str(one) if isinstance(one, str) else self._websocket.send_bytes(one))

    async def _write(self, frames: Iterable[Frame]) -> None:
        """Sends frames to pipe; where its stream is over they are lost, and whoever reads it learns why."""
        async with self._writing:
            with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                for frame in frames:
                    await self._call.write(AttachRequest(frame=frame))

    async def _failed(self, error: grpc.aio.AioRpcError) -> Closing:
        """Tells the browser what pipe refuses for good."""
        words = error.details() or ""
        if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Closing(WSCloseCode.TRY_AGAIN_LATER, words)  # a pipe that ends with that says so the next time
        if error.code() not in _FINAL:
            return RESTART
        await self._tell([end_words(_reason(error), words)])
        return Closing(WSCloseCode.POLICY_VIOLATION, words)


async def _restart(leaving: asyncio.Event) -> Closing:
    await leaving.wait()
    return RESTART


def _reason(error: grpc.aio.AioRpcError) -> str:
    status, info = rpc_status.from_call(cast("grpc.Call", error)), ErrorInfo()  # it has what is asked of a call
    return next((info.reason for detail in (status.details if status else ()) if detail.Unpack(info)), "")
