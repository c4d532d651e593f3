"""The report log in several copies, in a real cluster of three servers: one of them may die."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from collection.log import Entry, ReportLog, stream_name
from collection.settings import CollectionSettings
from conftest import NatsServer
from deploy.local.command import free_ports
from deploy.local.files import read_json, write_json
from deploy.local.nats import Broker, prepare
from deploy.local.running import Running
from deploy.secrets import credentials
from mesh import bus, pipes
from mesh.errors import ServiceError

T = TypeVar("T")

ORGANIZATION = "c" * 32
#: How long a test waits for what takes a cluster some seconds, in seconds.
PATIENCE = 90.0


class Cluster:
    """Three servers that know each other, with the mesh's own users and permissions."""

    def __init__(self, folder: Path) -> None:
        secrets, ports, routes = credentials.folder(folder), free_ports(3), free_ports(3)
        self.brokers = [Broker(folder=folder / str(port), secrets=secrets, port=port) for port in ports]
        #: By their names.
        self.servers: dict[str, Running] = {}
        for broker, route in zip(self.brokers, routes, strict=True):
            command = prepare(broker)
            path = broker.folder / "nats.json"
            others = {"name": "scope", "listen": f"127.0.0.1:{route}"}
            cluster = others | {"routes": [f"nats://127.0.0.1:{port}" for port in routes]}
            name = f"scope-{broker.port}"
            write_json(path, read_json(path) | {"server_name": name, "cluster": cluster})
            self.servers[name] = Running(command, folder / f"{name}.log")

    @property
    def url(self) -> str:
        """Of each of them."""
        return ",".join(broker.url for broker in self.brokers)

    def nkey_file(self, name: str) -> Path:
        """The seed of a service, which all of them know."""
        return self.brokers[0].nkey_file(name)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        for server in made.servers.values():
            server.start()
        yield made
    finally:
        for server in made.servers.values():
            server.stop()


@asynccontextmanager
async def connected(
    name: str, url: str, nkey_file: Path, copies: int
) -> AsyncIterator[tuple[Client, CollectionSettings]]:
    key = nkey_file.parent / "sealing.key"
    key.write_text("ab" * 32)
    settings = CollectionSettings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address="127.0.0.1:9",
        nats_url=url,
        nats_nkey_file=nkey_file,
        nats_replicas=copies,
        log_max_bytes=16 * 1024 * 1024,
    )
    client = await bus.connect(name, settings)
    try:
        yield client, settings
    finally:
        await bus.close(client)


def entry(number: int) -> Entry:
    return Entry(ORGANIZATION, "probe-1", epoch=1, number=number, base=0, version="", dropped=0, body=b"report")


async def done(work: Callable[[], Awaitable[T]]) -> T:
    """What it gives, tried again as probes do: while a cluster chooses who leads, it answers nothing."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await work()
            except (ServiceError, nats.errors.Error, OSError):
                await asyncio.sleep(0.1)


async def acknowledged(log: ReportLog, number: int) -> None:
    """Sends a report until it is acknowledged."""
    await done(lambda: log.append(entry(number)))


async def copies_of(client: Client, stream: str) -> int:
    """How many servers keep it, as it is configured."""
    found = await done(lambda: client.jetstream(timeout=5).stream_info(stream))
    return found.config.num_replicas or 1


async def leader_of(client: Client) -> str:
    """Which server leads, once every copy of the log has all that the others have: only then may one die."""
    subject = f"$JS.API.STREAM.INFO.{stream_name(ORGANIZATION)}"
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                cluster = json.loads((await client.request(subject, b"", timeout=5)).data).get("cluster", {})
            except (nats.errors.Error, OSError):
                cluster = {}
            others = cluster.get("replicas", [])
            if len(others) == 2 and all(other["current"] and not other.get("offline") for other in others):
                return str(cluster["leader"])
            await asyncio.sleep(0.1)


@pytest.mark.integration
async def test_of_three_copies_one_may_die_and_reports_are_acknowledged_and_kept(cluster: Cluster) -> None:
    nkey_file = cluster.nkey_file("collection")
    async with connected("collection", cluster.url, nkey_file, copies=1) as (client, settings):
        await acknowledged(ReportLog(client, settings), 1)
        assert await copies_of(client, stream_name(ORGANIZATION)) == 1
    async with connected("collection", cluster.url, nkey_file, copies=3) as (client, settings):
        log = ReportLog(client, settings)
        await acknowledged(log, 2)
        assert await copies_of(client, stream_name(ORGANIZATION)) == 3
        leader = cluster.servers[await leader_of(client)]
        leader.kill()
        await acknowledged(log, 3)
        leader.start()
        await leader_of(client)
        found = await client.jetstream(timeout=PATIENCE).stream_info(stream_name(ORGANIZATION))
        assert found.state.messages == 3


@pytest.mark.integration
async def test_control_brings_the_copies_of_records_up_to_date_and_pipe_takes_them_as_they_are(
    cluster: Cluster,
) -> None:
    for copies in (1, 3):
        await written_by_control(cluster, copies)
        assert await is_kept_in(cluster, copies)
        assert await read_by_pipe(cluster) == b"record %d" % copies


async def written_by_control(cluster: Cluster, copies: int) -> None:
    async with connected("control", cluster.url, cluster.nkey_file("control"), copies) as (client, _):
        bucket = await done(lambda: pipes.bucket(client, copies, bus.keep))
        await done(lambda: bucket.put("p" * 32, b"record %d" % copies))


async def is_kept_in(cluster: Cluster, copies: int) -> bool:
    """Whether the bucket has so many copies: those settings are taken again, others are not."""
    taken: list[bool] = []

    async def make(stream: JetStreamContext, config: StreamConfig) -> None:
        taken.append(await bus.make(stream, config))

    async with connected("control", cluster.url, cluster.nkey_file("control"), copies) as (client, _):
        await done(lambda: pipes.bucket(client, copies, make))
    return taken[-1]


async def read_by_pipe(cluster: Cluster) -> bytes | None:
    async with connected("pipe", cluster.url, cluster.nkey_file("pipe"), copies=1) as (client, _):
        bucket = await done(lambda: pipes.bucket(client, 1, bus.make))
        return (await done(lambda: bucket.get("p" * 32))).value


async def test_more_copies_than_servers_are_refused_in_words(nats_server: NatsServer) -> None:
    nkey_file = nats_server.nkey_file("collection")
    async with connected("collection", nats_server.url, nkey_file, copies=3) as (client, settings):
        with pytest.raises(ServiceError, match=r"fewer servers than copies .* lower NATS_REPLICAS"):
            await ReportLog(client, settings).append(entry(1))
