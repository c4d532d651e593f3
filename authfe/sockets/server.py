"""sockets: WebSockets to browsers, gRPC to the services behind."""

import structlog
import uvloop
from aiohttp import web

from authfe.sockets.settings import SocketsSettings
from mesh import logs
from mesh.stopping import stop_signal
from mesh.telemetry.export import exporting

#: Where the edge asks whether this process serves.
HEALTH = "/healthz"

_NAME = "sockets"
_log = structlog.get_logger()


def run(settings: SocketsSettings) -> None:
    """Serves until SIGTERM or SIGINT."""
    logs.configure(_NAME, settings)
    with exporting(_NAME, settings):
        uvloop.run(_serve(settings))


async def _serve(settings: SocketsSettings) -> None:
    stop = stop_signal()
    application = web.Application()
    application.router.add_get(HEALTH, _healthy)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=settings.drain_seconds)
    await runner.setup()
    host, _, port = settings.listen.rpartition(":")
    await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    _log.info("serving", listen=settings.listen)
    await stop.wait()
    _log.info("leaving")
    await runner.cleanup()


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="serving\n")
