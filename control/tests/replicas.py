"""Replicas of control in this process, on one bus, and how to call them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import nats
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig

from conftest import NatsServer
from control.service import control_service
from control.settings import ControlSettings
from mesh.serve import Mesh
from mesh.tests.authority import Authority, somebody
from mesh.tests.serving import serving
from scope.audit.v1.event_pb2 import Record
from scope.auth.v1.access_pb2 import Caller
from scope.control.v1.messages_pb2 import InvokeRequest, InvokeResponse
from scope.control.v1.service_pb2_grpc import ControlServiceStub

SERVICE = "/scope.control.v1.ControlService"
ORGANIZATION = "a" * 32
OTHER = "b" * 32
PROBE = "probe-1"
#: How long a test waits for what should take a moment, in seconds.
PATIENCE = 30.0
#: What the identity of every probe says.
PROBES: dict[str, Any] = {
    "caller": Caller.CALLER_PROBE,
    "organization": ORGANIZATION,
    "permissions": ["report.upload"],
    "credential": "probe:1",
}
#: What that of another organization's probes says.
OTHERS_PROBES = {**PROBES, "organization": OTHER, "credential": "probe:2"}
#: What the identity of a person says who may do anything on a host.
PERSON: dict[str, Any] = {"organization": ORGANIZATION, "permissions": ["report.view", "host.exec"]}


@dataclass
class Reached:
    """A replica that can be called, and whose tokens it believes."""

    stub: ControlServiceStub
    authority: Authority

    def as_probe(self, probe: str | None = PROBE, **claims: object) -> tuple[tuple[str, str], ...]:
        """The metadata of a probe."""
        token = self.authority.token(f"{SERVICE}/Connect", **{**PROBES, **claims})
        named = (("x-scope-probe-id", probe),) if probe is not None else ()
        return (("x-scope-identity", token), *named)

    def as_person(self, **claims: object) -> tuple[tuple[str, str], ...]:
        """The metadata of a person."""
        return (("x-scope-identity", self.authority.token(f"{SERVICE}/Invoke", **{**PERSON, **claims})),)

    async def invoke(
        self,
        control: str = "do",
        *,
        probe: str = PROBE,
        deadline: float = PATIENCE,
        by: object = None,
        **arguments: str,
    ) -> InvokeResponse:
        """Asks for a control; `by`: what the identity of the person says, beside the usual."""
        request = InvokeRequest(probe_id=probe, node_id="box;<host>", control=control, arguments=arguments)
        claims: dict[str, Any] = dict(by) if isinstance(by, dict) else {}
        answer: InvokeResponse = await self.stub.Invoke(request, metadata=self.as_person(**claims), timeout=deadline)
        return answer


@dataclass
class Replica(Reached):
    """One in this process, and what to pull."""

    mesh: Mesh


@asynccontextmanager
async def replica(authority: Authority, bus: NatsServer, folder: Path, **settings: int) -> AsyncIterator[Replica]:
    """A replica that is served while the body runs."""
    key = folder / "mesh.key"
    key.write_text(authority.mesh_keys.signing.hex())
    told = ControlSettings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address=authority.address,
        nats_url=bus.url,
        nats_nkey_file=bus.nkey_file("control"),
        **settings,
    )
    for claims in (PROBES, OTHERS_PROBES):
        authority.worth[claims["credential"]] = somebody(**claims, audience="control")
    async with serving("control", told, authority, control_service) as served:
        yield Replica(ControlServiceStub(served.channel), authority, served.mesh)


async def make_audit(bus: NatsServer) -> Client:
    """Makes the stream of the audit, as users does; answers a client with the key of users."""
    seed = str(bus.nkey_file("users"))
    client = await nats.connect(bus.url, nkeys_seed=seed, inbox_prefix="_INBOX_users")
    stream = client.jetstream(timeout=PATIENCE)
    await stream.add_stream(
        StreamConfig(name="audit", subjects=["audit.*"], retention=RetentionPolicy.WORK_QUEUE, max_bytes=64 << 20)
    )
    await stream.add_consumer("audit", ConsumerConfig(durable_name="users", ack_policy=AckPolicy.EXPLICIT))
    return client


async def recorded(users: Client) -> list[Record]:
    """What the audit was told since this was asked last."""
    waiting = await users.jetstream(timeout=PATIENCE).pull_subscribe_bind("users", "audit")
    found: list[Record] = []
    while True:
        try:
            messages = await waiting.fetch(100, timeout=0.5)
        except TimeoutError:
            return found
        for message in messages:
            found.append(Record.FromString(message.data))
            await message.ack_sync()


def reason(error: BaseException) -> str:
    """The reason of an error, as callers read it."""
    assert isinstance(error, grpc.aio.AioRpcError)
    return str(info(error).reason)


def info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    """What an error says for programs."""
    status = rpc_status.from_call(error)
    assert status is not None
    found = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(found)
    return found


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)
