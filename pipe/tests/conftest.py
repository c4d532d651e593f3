"""Replicas of pipe on one bus, and calls to them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import nats
import pytest
from nats.aio.client import Client

from conftest import NatsServer
from mesh import pipes, renewal
from mesh.bus import keep, make
from mesh.serve import Mesh
from mesh.tests.authority import Authority, authority, somebody
from mesh.tests.serving import serving
from pipe.service import pipe_service
from pipe.settings import PipeSettings
from pipe.tests.end import End
from scope.auth.v1.access_pb2 import Caller
from scope.pipe.v1.messages_pb2 import Record
from scope.pipe.v1.service_pb2_grpc import PipeServiceStub

__all__ = ["authority"]

SERVICE = "/scope.pipe.v1.PipeService"
ORGANIZATION = "a" * 32
PROBE = "probe-1"
PERMISSION = "host.exec"
#: What the identity of who opens pipes says, and that of the probes.
USER: dict[str, Any] = {
    "organization": ORGANIZATION,
    "permissions": ["report.view", PERMISSION],
    "credential": "session:1",
}
PROBES: dict[str, Any] = {
    "caller": Caller.CALLER_PROBE,
    "subject": "token",
    "organization": ORGANIZATION,
    "permissions": ["report.upload"],
    "credential": "probe:1",
}
#: How long a test waits for what should take a moment, in seconds.
PATIENCE = 30.0


async def until(true: Callable[[], object]) -> None:
    """Waits until something is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


@dataclass
class Bus:
    """The bus that replicas share, and who opens pipes there as control does."""

    server: NatsServer
    authority: Authority
    control: Client
    reader: Client
    key: Path
    #: Settings that a test wants otherwise.
    settings: dict[str, Any] = field(default_factory=dict)

    async def open(self, **fields: Any) -> str:
        """A new pipe's id."""
        pipe = secrets.token_hex(16)
        told = {"organization": ORGANIZATION, "user": "somebody", "permission": PERMISSION, "credential": "session:1"}
        about = {"id": pipe, "probe_id": PROBE, "node_id": "host;box", "control": "host_exec", "raw_tty": True}
        record = Record(**{name: value for name, value in (told | fields).items() if name in told})
        for name, value in (about | fields).items():
            if name in about or name == "read_only":
                setattr(record.pipe, name, value)
        record.pipe.opened_at.GetCurrentTime()
        if "opened_at" in fields:
            record.pipe.opened_at.CopyFrom(fields["opened_at"])
        bucket = await pipes.bucket(self.control, 1, keep)
        await bucket.put(pipe, record.SerializeToString())
        return pipe

    async def record(self, pipe: str) -> Record:
        """What is kept of a pipe."""
        entry = await (await pipes.bucket(self.reader, 1, make)).get(pipe)
        return Record.FromString(entry.value or b"")

    def metadata(self, rpc: str, **claims: Any) -> tuple[tuple[str, str], ...]:
        """What a call of somebody has with it."""
        return (("x-scope-identity", self.authority.token(f"{SERVICE}/{rpc}", **claims)),)

    def service_settings(self, **own: Any) -> PipeSettings:
        """Settings of a replica."""
        usual = {
            "listen": "127.0.0.1:0",
            "mesh_key_file": self.key,
            "users_address": self.authority.address,
            "nats_url": self.server.url,
            "nats_nkey_file": self.server.nkey_file("pipe"),
        }
        return PipeSettings(**(usual | self.settings | own))


@dataclass
class Replica:
    """A replica that is served, and how to call it."""

    bus: Bus
    mesh: Mesh
    port: int
    channel: grpc.aio.Channel

    @property
    def stub(self) -> PipeServiceStub:
        """Its RPCs."""
        return PipeServiceStub(self.channel)

    def user(self, pipe: str, **claims: Any) -> End:
        """The end of who opened a pipe, here."""
        return End(self.channel, (*self.bus.metadata("Attach", **(USER | claims)), ("x-scope-pipe-id", pipe)))

    def probe(self, pipe: str, probe: str = PROBE, **claims: Any) -> End:
        """The probe's end of a pipe, here."""
        named = (("x-scope-pipe-id", pipe), ("x-scope-probe-id", probe))
        return End(self.channel, (*self.bus.metadata("Attach", **(PROBES | claims)), *named))


@pytest.fixture
def options() -> dict[str, Any]:
    """Settings that a test wants otherwise; it says which by a parameter of this name."""
    return {}


@pytest.fixture
async def bus(
    authority: Authority,
    nats_server: NatsServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
) -> AsyncIterator[Bus]:
    monkeypatch.setattr(renewal, "INTERVAL", 0.2)
    key = tmp_path / "mesh.key"
    key.write_text(authority.mesh_keys.signing.hex())
    authority.worth["session:1"] = somebody(**USER, audience="pipe")
    authority.worth["probe:1"] = somebody(**PROBES, audience="pipe")
    control, reader = [await connected(nats_server, name) for name in ("control", "pipe")]
    yield Bus(nats_server, authority, control, reader, key, options)
    for client in (control, reader):
        await client.close()


async def connected(server: NatsServer, name: str) -> Client:
    """A connection with a service's key."""
    seed, prefix = str(server.nkey_file(name)), f"_INBOX_{name}"
    return await nats.connect(
        server.url, nkeys_seed=seed, inbox_prefix=prefix, max_reconnect_attempts=-1, reconnect_time_wait=0.1
    )


@asynccontextmanager
async def served(bus: Bus, **own: Any) -> AsyncIterator[Replica]:
    """A replica, until the body ends, with some settings of its own."""
    settings = bus.service_settings(**own)
    async with serving("pipe", settings, bus.authority, pipe_service) as made:
        yield Replica(bus, made.mesh, made.port, made.channel)


@pytest.fixture
async def replicas(bus: Bus) -> AsyncIterator[list[Replica]]:
    """Two replicas on one bus."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(served(bus)) for _ in range(2)]
