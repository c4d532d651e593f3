"""Running a service: one process, one gRPC port, one way to start and to leave.

On SIGTERM health turns to NOT_SERVING, `Mesh.draining` is set so that every stream can tell its other end, calls in
flight get DRAIN_SECONDS to end, and the process exits with status 0. One that is still waiting for what it needs leaves
at once.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import cast

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mesh import logs, replicas
from mesh.access import largest_request
from mesh.background import running
from mesh.contracts import rpcs, service_of, services
from mesh.identity import KeySource, Verifier
from mesh.interceptor import Guard
from mesh.keyring import follow
from mesh.keys import RemoteKeys
from mesh.limits import REQUEST_BYTES
from mesh.renewal import Renewals
from mesh.settings import Settings
from mesh.stopping import stop_signal
from mesh.telemetry.export import exporting
from mesh.telemetry.rpc import Calling

_SERVER_OPTIONS = (
    ("grpc.max_send_message_length", -1),  # answers are bounded where they are made
    # What the edge lets through must not be refused here, where nobody could tell the caller what is wrong.
    ("grpc.max_metadata_size", 96 * 1024),
    ("grpc.absolute_max_metadata_size", 128 * 1024),
    ("grpc.so_reuseport", 0),  # a stale process must not share the port in silence
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # The edge asks every two seconds whether we are there, also while it has no call here.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    # Whoever asks by a name looks it up again when a connection ends, and finds replicas that came since. Calls and
    # streams that are under way stay on the old connection for as long as they take.
    ("grpc.max_connection_age_ms", 300_000),
)
_log = structlog.get_logger()


@dataclass(frozen=True)
class Mesh:
    """What a service is given to build itself from."""

    #: The service's name, as `query`.
    name: str
    settings: Settings
    #: The leases of its open streams.
    renewals: Renewals
    #: Set when the process is about to leave.
    draining: asyncio.Event = field(default_factory=asyncio.Event)


#: What a service consists of: by the full name of each gRPC service, what adds its servicer to the server.
Registers = Mapping[str, Callable[[grpc.aio.Server], None]]
Build = Callable[[Mesh], AbstractAsyncContextManager[Registers]]


def run(name: str, settings: Settings, build: Build, keys: KeySource | None = None) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        name: the service's name, as `query`.
        settings: its settings.
        build: yields what the service consists of; its end is the service's end.
        keys: where the public keys of users come from; by default users is asked.
    """
    logs.configure(name, settings)
    with exporting(name, settings):
        uvloop.run(_serve(name, settings, build, keys))


async def _serve(name: str, settings: Settings, build: Build, keys: KeySource | None) -> None:
    stop = stop_signal()
    mesh_keys = settings.mesh_keys
    with _leaving_early(stop) as started:
        async with users_channel(settings.users_address) as channel:
            remote = RemoteKeys(channel, name, mesh_keys)
            verifier = Verifier(keys or remote, mesh_keys)
            mesh = Mesh(name, settings, Renewals(channel, name, mesh_keys, verifier))
            following = follow(settings.mesh_key_file, mesh_keys.take)
            async with running(mesh.renewals.run(), remote.run(), following), build(mesh) as registers:
                started()
                _settle_collector()
                await _until_stopped(mesh, verifier, registers, stop)


@contextmanager
def _leaving_early(stop: asyncio.Event) -> Iterator[Callable[[], object]]:
    """Ends the body at `stop` unless it has called what this yields: what it waits for may never come."""
    starting = asyncio.current_task()
    assert starting is not None
    waiting = asyncio.create_task(stop.wait())
    waiting.add_done_callback(lambda done: done.cancelled() or starting.cancel())
    try:
        yield waiting.cancel
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        waiting.cancel()


async def _until_stopped(mesh: Mesh, verifier: Verifier, registers: Registers, stop: asyncio.Event) -> None:
    server = grpc.aio.server(
        interceptors=[Guard(verifier, mesh.settings.requests_per_credential)],
        options=(*_SERVER_OPTIONS, ("grpc.max_receive_message_length", _largest_request(registers))),
    )
    generic = cast("grpc.aio.Server", _Generic(server))
    for register in registers.values():
        register(generic)
    served = await _add_health(generic, registers.keys())
    server.add_insecure_port(mesh.settings.listen)
    await server.start()
    _log.info("serving", listen=mesh.settings.listen)
    await stop.wait()
    _log.info("leaving")
    await served.enter_graceful_shutdown()
    mesh.draining.set()
    await server.stop(mesh.settings.drain_seconds)


class _Generic:
    """A server to which handlers are added once, not also by the name of each method.

    For those grpc.aio waits at every call anew, for as many futures as there are methods.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Adds nothing: the same ones come as generic handlers."""


def _largest_request(names: Iterable[str]) -> int:
    """How many bytes gRPC takes in for the services of these names, before anybody can ask who sends them."""
    return max((largest_request(rpc) for rpc in rpcs() if service_of(rpc) in names), default=REQUEST_BYTES)


async def _add_health(server: grpc.aio.Server, names: Iterable[str]) -> health.aio.HealthServicer:
    """Adds health and reflection for the services of these names."""
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", *names):
        await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    services()  # loaded, for reflection to describe them: a generated servicer loads its messages only
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return servicer


@asynccontextmanager
async def users_channel(addresses: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to every replica of users, by addresses as `replicas.target` takes them, taking turns."""
    options = (*replicas.BALANCED, ("grpc.max_reconnect_backoff_ms", 1_000))
    target = replicas.target(addresses)
    async with grpc.aio.insecure_channel(target, options=options, interceptors=[Calling()]) as channel:
        yield channel


def _settle_collector() -> None:
    """Keeps the garbage collector from walking what lives as long as the process, and from walking too often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
