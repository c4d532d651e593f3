"""A service in this process, with an Authority in the place of users."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import grpc

from mesh.background import running
from mesh.identity import Verifier
from mesh.interceptor import Guard
from mesh.renewal import Renewals
from mesh.serve import Mesh, Registers, users_channel
from mesh.settings import Settings
from mesh.tests.authority import Authority


@dataclass(frozen=True)
class Serving:
    """A service that is served, and a way to it."""

    mesh: Mesh
    port: int
    channel: grpc.aio.Channel


@asynccontextmanager
async def serving(
    name: str, settings: Settings, authority: Authority, build: Callable[[Mesh], AbstractAsyncContextManager[Registers]]
) -> AsyncIterator[Serving]:
    """Serves what is built behind the guard, and asks after the credentials of its streams, while the body runs."""
    verifier = Verifier(authority, authority.mesh_keys)
    async with users_channel(authority.address) as users:
        mesh = Mesh(name, settings, Renewals(users, name, authority.mesh_keys, verifier))
        async with running(mesh.renewals.run()), build(mesh) as registers:
            server = grpc.aio.server(interceptors=[Guard(verifier)])
            for register in registers.values():
                register(server)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Serving(mesh, port, channel)
            await server.stop(None)
