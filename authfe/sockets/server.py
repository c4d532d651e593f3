"""sockets: WebSockets to browsers, gRPC to the services behind."""

import asyncio
from contextlib import suppress

import structlog
import uvloop
from aiohttp import WSCloseCode, web
from google.protobuf.json_format import MessageToJson

from authfe.sockets import instruments
from authfe.sockets.attach import Attach, asked
from authfe.sockets.bridge import AWAY, Bridge, Closing
from authfe.sockets.pipes import Pipes, connected
from authfe.sockets.settings import SocketsSettings
from mesh import logs
from mesh.errors import ServiceError, unavailable
from mesh.stopping import stop_signal
from mesh.telemetry.export import exporting
from scope.errors.v1.errors_pb2 import Reason

#: Where the edge asks whether this process serves.
HEALTH = "/healthz"
#: The largest message of a browser, in bytes.
MESSAGE_BYTES = 1024 * 1024
#: How often a browser is asked whether it is there, in seconds; half as long it may take to answer.
HEARTBEAT = 20.0

_NAME = "sockets"
#: What the edge lets through must not be refused here, where nobody could say what is wrong.
_HEADER_BYTES = 128 * 1024
#: What may wait to be taken in by a browser, in bytes, beside what the system keeps.
_WAITING_BYTES = 64 * 1024
#: How long a browser may take to answer a close, in seconds.
_CLOSE_SECONDS = 2.0
#: Of the reason of a close frame, in bytes.
_REASON_BYTES = 123

_HTTP = {"INVALID_ARGUMENT": 400, "UNAVAILABLE": 503}
_log = structlog.get_logger()


def run(settings: SocketsSettings) -> None:
    """Serves until SIGTERM or SIGINT."""
    logs.configure(_NAME, settings)
    with exporting(_NAME, settings):
        uvloop.run(_serve(settings))


async def _serve(settings: SocketsSettings) -> None:
    stop = stop_signal()
    async with connected(settings.pipe_address) as pipes:
        sockets = Sockets(pipes, settings.sockets, stop)
        server = web.Server(sockets.handle, access_log=None, max_line_size=_HEADER_BYTES, max_field_size=_HEADER_BYTES)
        runner = web.ServerRunner(server, shutdown_timeout=settings.drain_seconds)
        await runner.setup()
        host, _, port = settings.listen.rpartition(":")
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        _log.info("serving", listen=settings.listen)
        await stop.wait()
        _log.info("leaving")
        await runner.cleanup()


class Sockets:
    """The WebSockets of this process.

    Args:
        pipes: what they are bridged to.
        most: how many there may be.
        leaving: set when the process is about to leave, which ends them all.
    """

    def __init__(self, pipes: Pipes, most: int, leaving: asyncio.Event) -> None:
        self._pipes = pipes
        self._most = most
        self._leaving = leaving
        self._open = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers a request; a WebSocket is answered when it is over."""
        if request.path == HEALTH:
            return (
                web.Response(text="leaving\n", status=503) if self._leaving.is_set() else web.Response(text="serving\n")
            )
        try:
            attach = asked(request)
            self._admit()
        except ServiceError as error:
            return _refuse(error)
        self._open += 1
        instruments.OPEN.add(1)
        try:
            return await self._bridged(request, attach)
        finally:
            self._open -= 1
            instruments.OPEN.add(-1)

    def _admit(self) -> None:
        if self._open >= self._most:
            message = f"this replica has {self._most} WebSockets open, and takes no more; try again, or raise SOCKETS"
            raise unavailable(Reason.REASON_OVERLOADED, message)

    async def _bridged(self, request: web.BaseRequest, attach: Attach) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(
            timeout=_CLOSE_SECONDS,
            heartbeat=HEARTBEAT,
            compress=False,
            max_msg_size=MESSAGE_BYTES + 1,
            writer_limit=_WAITING_BYTES,
        )
        await websocket.prepare(request)
        await self._bridge(websocket, attach)
        if not websocket.closed and request.transport:
            request.transport.abort()
        instruments.CLOSED.add(1, str(websocket.close_code or WSCloseCode.ABNORMAL_CLOSURE.value))
        return websocket

    async def _bridge(self, websocket: web.WebSocketResponse, attach: Attach) -> None:
        try:
            call = await self._pipes.attach(attach.metadata)
        except TimeoutError:
            await _close(websocket, AWAY)
            return
        bridge = Bridge(websocket, call, attach.received)
        try:
            await _close(websocket, await bridge.run(self._leaving))
        finally:
            await bridge.leave()


async def _close(websocket: web.WebSocketResponse, closing: Closing | None) -> None:
    """Tells a browser that is there why it is over; one that takes nothing in is not waited for."""
    if closing is not None:
        reason = closing.reason.encode()[:_REASON_BYTES].decode(errors="ignore").encode()
        with suppress(TimeoutError):
            await asyncio.wait_for(websocket.close(code=closing.code, message=reason, drain=False), 2 * _CLOSE_SECONDS)


def _refuse(error: ServiceError) -> web.Response:
    """An error in the form of every other: google.rpc.Status as JSON."""
    body = MessageToJson(error.status(), indent=None).encode()
    return web.Response(status=_HTTP[error.code.name], body=body, content_type="application/json")
