"""Who holds what, as two replicas of control and two of pipe say over a real bus."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import nats
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from nats.aio.client import Client

from conftest import NatsServer
from mesh import bus, routes
from mesh.identity import service_metadata, service_token
from mesh.keyring import MeshKeys
from mesh.renewal import Renewals
from mesh.serve import Mesh
from mesh.settings import Settings
from scope.routes.v1.routes_pb2 import Held, Inquiry
from scope.users.v1.service_pb2_grpc import ToolServiceStub
from scope.users.v1.tools_pb2 import ListRoutesRequest, ListRoutesResponse
from users.bus import Bus, connected
from users.settings import UsersSettings
from users.tests.conftest import Service, told
from users.tests.test_sign_in import reason

PIPE = "0123456789abcdef" * 2
WITHIN = 30.0


@dataclass
class Replica:
    """One that answers."""

    client: Client
    held: list[Held] = field(default_factory=list)


@pytest.fixture
def settings(postgres_url: str, nats_server: NatsServer) -> UsersSettings:
    return told(postgres_url, nats_url=nats_server.url, nats_nkey_file=nats_server.nkey_file("users"))


@pytest.fixture
async def joined(settings: UsersSettings) -> AsyncIterator[Bus | None]:
    async with connected(settings) as found:
        assert found
        await found.client()
        yield found


@pytest.fixture
async def replicas(users: Service, nats_server: NatsServer) -> AsyncIterator[dict[str, Replica]]:
    """By their service and number; they serve at the ports 1 and 2."""
    found = {}
    async with AsyncExitStack() as stack:
        for name in ("control", "pipe"):
            for number in (1, 2):
                settings = Settings(
                    listen=f"127.0.0.1:{number}",
                    mesh_key_file=Path("/nowhere"),
                    users_address="",
                    nats_url=nats_server.url,
                    nats_nkey_file=nats_server.nkey_file(name),
                )
                replica = Replica(await bus.connect(name, settings))
                stack.push_async_callback(bus.close, replica.client)
                mesh = Mesh(name, settings, Renewals(users.channel, name, users.mesh_keys, users.verifier))
                await stack.enter_async_context(
                    routes.answering(replica.client, mesh, lambda replica=replica: replica.held)
                )
                await bus.flush(replica.client)
                found[f"{name} {number}"] = replica
        yield found


async def listed(users: Service, search: str = "") -> ListRoutesResponse:
    metadata = service_metadata(users.mesh_keys, "users", routes.RPC)
    answer: ListRoutesResponse = await ToolServiceStub(users.channel).ListRoutes(
        ListRoutesRequest(search=search), metadata=metadata
    )
    return answer


async def test_each_says_what_it_holds(users: Service, replicas: dict[str, Replica]) -> None:
    await users.organization("acme")
    ((organization,),) = users.rows("SELECT id FROM organizations")
    since = routes.timestamp(time.time())
    gone = "f" * 32
    replicas["control 1"].held = [Held(organization=organization, probe_id="box-1", since=since)]
    replicas["control 2"].held = [Held(organization=gone, probe_id="box-2", since=since)]
    ends = {
        number: Held(organization=organization, probe_id="box-1", pipe_id=PIPE, end=end, since=since)
        for number, end in ((1, "user"), (2, "probe"))
    }
    replicas["pipe 1"].held, replicas["pipe 2"].held = [ends[1]], [ends[2]]

    answer = await listed(users)
    assert [(one.service, one.listen, one.total) for one in answer.replicas] == [
        ("control", "127.0.0.1:1", 1),
        ("control", "127.0.0.1:2", 1),
        ("pipe", "127.0.0.1:1", 1),
        ("pipe", "127.0.0.1:2", 1),
    ]
    assert [
        (one.organization, one.probe_id, one.pipe_id, one.end, one.service, one.listen) for one in answer.routes
    ] == [
        ("acme", "box-1", "", "", "control", "127.0.0.1:1"),
        ("acme", "box-1", PIPE, "probe", "pipe", "127.0.0.1:2"),
        ("acme", "box-1", PIPE, "user", "pipe", "127.0.0.1:1"),
        (gone, "box-2", "", "", "control", "127.0.0.1:2"),
    ]
    assert {one.since.ToMilliseconds() for one in answer.routes} == {since.ToMilliseconds()}
    assert answer.total == 4

    found = await listed(users, "x-2")
    assert ([one.probe_id for one in found.routes], found.total, len(found.replicas)) == (["box-2"], 1, 4)
    assert len((await listed(users, PIPE[3:20])).routes) == 2


async def test_what_is_beyond_bounds_is_counted(users: Service, replicas: dict[str, Replica]) -> None:
    for name in ("control 1", "control 2"):
        replicas[name].held = [Held(organization="o", probe_id=f"{name[-1]}-{n}") for n in range(routes.MOST + 7)]
    answer = await listed(users)
    assert (len(answer.routes), answer.total) == (2_000, 2 * (routes.MOST + 7))
    assert len(answer.SerializeToString()) < 4 * 1024 * 1024
    assert [one.probe_id for one in (await listed(users, "2-1999")).routes] == ["2-1999"]


async def test_a_time_that_is_none_is_left_out(users: Service, replicas: dict[str, Replica]) -> None:
    replicas["control 1"].held = [Held(organization="o", probe_id="box", since=Timestamp(seconds=10**15))]
    (route,) = (await listed(users)).routes
    assert (route.probe_id, route.HasField("since")) == ("box", False)


async def test_who_has_stopped_does_not_answer(users: Service, replicas: dict[str, Replica]) -> None:
    await bus.close(replicas["pipe 2"].client)
    assert [(one.service, one.listen) for one in (await listed(users)).replicas] == [
        ("control", "127.0.0.1:1"),
        ("control", "127.0.0.1:2"),
        ("pipe", "127.0.0.1:1"),
    ]


async def test_without_the_bus_it_says_so(
    users: Service, replicas: dict[str, Replica], joined: Bus, nats_server: NatsServer
) -> None:
    assert len((await listed(users)).replicas) == len(replicas)
    nats_server.stop()
    client = await joined.client()
    async with asyncio.timeout(WITHIN):
        while client.is_connected:
            await asyncio.sleep(0.01)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await listed(users)
    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE")
    nats_server.start()
    async with asyncio.timeout(WITHIN):
        while not all(one.client.is_connected for one in replicas.values()) or not client.is_connected:
            await asyncio.sleep(0.01)
    assert len((await listed(users)).replicas) == len(replicas)


@pytest.mark.parametrize("wrong", ["another key", "another RPC", "no token", "an id that is none", "no message"])
async def test_nobody_else_is_answered(users: Service, replicas: dict[str, Replica], joined: Bus, wrong: str) -> None:
    client = await joined.client()
    answered = await client.subscribe("routes.answers.*.*")
    good = Inquiry(id=secrets.token_hex(16), token=service_token(users.mesh_keys, "users", routes.RPC))
    bad = Inquiry(id="0" * 32, token=good.token)
    match wrong:
        case "another key":
            bad.token = service_token(MeshKeys([secrets.token_bytes(32)]), "users", routes.RPC)
        case "another RPC":
            bad.token = service_token(users.mesh_keys, "users", "/scope.users.v1.IdentityService/Renew")
        case "no token":
            bad.token = ""
        case "an id that is none":
            bad.id = "a.b"
    await client.publish(routes.INQUIRIES, b"\xff" if wrong == "no message" else bad.SerializeToString())
    await client.publish(routes.INQUIRIES, good.SerializeToString())
    # Each answers what it hears in order.
    subjects = {(await answered.next_msg(WITHIN)).subject for _ in replicas}
    assert subjects == {routes.answers(service, good.id) for service in ("control", "pipe")}
    assert answered.pending_msgs == 0


@pytest.mark.parametrize(
    ("who", "act"),
    [
        ("control", lambda client: client.publish(routes.INQUIRIES, b"")),
        ("query", lambda client: client.publish(routes.INQUIRIES, b"")),
        ("control", lambda client: client.publish(routes.answers("pipe", "0" * 32), b"")),
        ("pipe", lambda client: client.publish(routes.answers("control", "0" * 32), b"")),
        ("users", lambda client: client.publish(routes.answers("control", "0" * 32), b"")),
        ("collection", lambda client: client.subscribe(routes.INQUIRIES)),
        ("pipe", lambda client: client.subscribe("routes.answers.*.*")),
    ],
)
async def test_the_bus_lets_each_do_its_part_alone(
    nats_server: NatsServer, who: str, act: Callable[[Client], object]
) -> None:
    refused: asyncio.Queue[Exception] = asyncio.Queue()
    client = await nats.connect(
        nats_server.url, nkeys_seed=str(nats_server.nkey_file(who)), inbox_prefix=f"_INBOX_{who}", error_cb=refused.put
    )
    await act(client)
    async with asyncio.timeout(WITHIN):
        assert "permissions violation" in str(await refused.get()).lower()
    await client.close()
