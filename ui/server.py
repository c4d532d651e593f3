"""ui-server: answers what it has, as it was built, and nothing else."""

import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import grpc
import structlog
import uvloop
from aiohttp import web
from google.protobuf.json_format import MessageToJson

from mesh import logs
from mesh.errors import ServiceError
from mesh.settings import ProcessSettings
from mesh.stopping import stop_signal
from mesh.telemetry.export import exporting
from scope.errors.v1.errors_pb2 import Reason
from ui import instruments
from ui.files import File, PagesError, load
from ui.settings import UiSettings

#: Where the edge asks whether this process serves.
HEALTH = "/healthz"

_NAME = "ui-server"
_METHODS = ("GET", "HEAD")
#: What the edge lets through must not be refused here, where nobody could say what is wrong.
_HEADER_BYTES = 128 * 1024

_NO_FILE = ServiceError(grpc.StatusCode.NOT_FOUND, Reason.REASON_ROUTE_NOT_FOUND, "There is no such file.")
_NO_METHOD = ServiceError(
    grpc.StatusCode.UNIMPLEMENTED, Reason.REASON_METHOD_NOT_ALLOWED, f"This resource takes {', '.join(_METHODS)} only."
)
_log = structlog.get_logger()

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def run(settings: UiSettings) -> None:
    """Serves until SIGTERM or SIGINT; ends the process with a message where there is nothing to serve."""
    logs.configure(_NAME, settings)
    try:
        files = load(settings.pages, settings.openapi)
    except (PagesError, OSError) as error:
        raise SystemExit(str(error)) from None
    with exporting(_NAME, settings):
        uvloop.run(_serve(settings, files))


async def _serve(settings: ProcessSettings, files: Mapping[str, File]) -> None:
    stop = stop_signal()
    server = web.Server(handler(files), access_log=None, max_line_size=_HEADER_BYTES, max_field_size=_HEADER_BYTES)
    runner = web.ServerRunner(server, shutdown_timeout=settings.drain_seconds)
    await runner.setup()
    host, _, port = settings.listen.rpartition(":")
    await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    _log.info("serving", listen=settings.listen, files=len(files))
    await stop.wait()
    _log.info("leaving")
    await runner.cleanup()


def handler(files: Mapping[str, File]) -> Handler:
    """Answers requests for these files, and measures it."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == HEALTH:
            return web.Response(text="serving\n")
        began = time.perf_counter()
        response = answer(request, files)
        method = request.method if request.method in _METHODS else "_OTHER"
        labels: dict[str, str | int] = {"http.request.method": method, "http.response.status_code": response.status}
        instruments.SERVED.record(time.perf_counter() - began, labels)
        return response

    return handle


def answer(request: web.BaseRequest, files: Mapping[str, File]) -> web.Response:
    """What is said to a request."""
    if request.method not in _METHODS:
        return _refuse(HTTPStatus.METHOD_NOT_ALLOWED, _NO_METHOD, {"Allow": ", ".join(_METHODS)})
    if file := files.get(request.path):
        return _send(request, file)
    return _refuse(HTTPStatus.NOT_FOUND, _NO_FILE, {})


def _send(request: web.BaseRequest, file: File) -> web.Response:
    form = file.form(request.headers.get("Accept-Encoding", ""))
    headers = {"ETag": f'"{form.tag}"', "Cache-Control": file.caching, "Vary": "Accept-Encoding"}
    if any(tag.value in (form.tag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    if form.coding:
        headers["Content-Encoding"] = form.coding
    return web.Response(body=form.content, headers={**headers, "Content-Type": file.kind})


def _refuse(status: HTTPStatus, error: ServiceError, headers: Mapping[str, str]) -> web.Response:
    """An error in the form of every other: google.rpc.Status as JSON."""
    return web.Response(
        status=status,
        body=MessageToJson(error.status(), indent=None).encode(),
        content_type="application/json",
        headers=headers,
    )
