"""A report log to write to, and a query service to ask, both real."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import nats
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from mesh import bus
from mesh.identity import Verifier
from mesh.interceptor import Guard
from mesh.keyring import MeshKeys
from mesh.renewal import Renewals
from mesh.seal import HEADER, Seal
from mesh.serve import Mesh
from mesh.tests.authority import Authority, authority, somebody
from query.organization import Organizations, following
from query.service import Query
from query.settings import QuerySettings
from query.tests.machines import Reporter
from scope.query.v1.service_pb2_grpc import QueryServiceStub, add_QueryServiceServicer_to_server
from scope.report.v1.report_pb2 import Report

__all__ = ["authority"]

MESH_KEY = b"m" * 32


async def eventually(look: Callable[[], object], *, within: float = 60.0) -> None:
    """Looks again until there is something to see; `look` may have to be awaited."""
    end = time.monotonic() + within
    while True:
        found = look()
        if await found if isinstance(found, Awaitable) else found:
            return
        assert time.monotonic() < end, f"not seen within {within} s"
        await asyncio.sleep(0.02)


class Log:
    """Writes reports as collection does, with collection's key."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self._client: Client | None = None

    async def client(self) -> Client:
        if self._client is None:
            self._client = await nats.connect(
                self.server.url,
                nkeys_seed=str(self.server.nkey_file("collection")),
                inbox_prefix="_INBOX_collection",
                reconnect_time_wait=0.05,
                max_reconnect_attempts=-1,
            )
        return self._client

    async def create(self, organization: str) -> None:
        stream = (await self.client()).jetstream()
        await stream.add_stream(
            StreamConfig(
                name=f"reports-{organization}",
                subjects=[f"reports.{organization}.>"],
                max_bytes=1 << 24,
                allow_direct=True,
            )
        )

    async def append(
        self, organization: str, probe: str, report: Report, *, body: bytes | None = None, mesh_key: bytes = MESH_KEY
    ) -> None:
        kind = "delta" if report.base else "full"
        headers = {"Nats-Msg-Id": f"{probe}:{report.epoch}:{report.number}", "Scope-Version": "9", "Scope-Dropped": "4"}
        stream = (await self.client()).jetstream(timeout=30)
        data = report.SerializeToString() if body is None else body
        subject = f"reports.{organization}.{probe}.{kind}"
        sealed = Seal(MeshKeys([mesh_key])).of(subject, headers, data)
        await stream.publish(subject, data, headers={**headers, HEADER: sealed})

    async def full(self, organization: str, reporter: Reporter) -> None:
        await self.append(organization, reporter.probe, reporter.full())

    async def close(self) -> None:
        if self._client is not None:
            await bus.close(self._client)


@pytest.fixture
async def log(nats_server: Any) -> AsyncIterator[Log]:
    log = Log(nats_server)
    yield log
    await log.close()


@pytest.fixture
def query_settings(nats_server: Any, tmp_path: Path) -> QuerySettings:
    key = tmp_path / "mesh.key"
    key.write_text(MESH_KEY.hex())
    return QuerySettings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address="127.0.0.1:1",
        nats_url=nats_server.url,
        nats_nkey_file=nats_server.nkey_file("query"),
        tick=0.05,
        quiet_after=50,
    )


@pytest.fixture
async def organizations(query_settings: QuerySettings) -> AsyncIterator[Organizations]:
    async with following(query_settings) as found:
        yield found


@dataclass
class Served:
    """A query service and who signs its readers' identities."""

    stub: Any
    mesh: Mesh
    authority: Authority
    address: str

    def metadata(self, rpc: str, **claims: object) -> tuple[tuple[str, str], ...]:
        path = f"/scope.query.v1.QueryService/{rpc}"
        return (("x-scope-identity", self.authority.token(path, **claims)),)


@asynccontextmanager
async def serving(authority: Authority, settings: QuerySettings, found: Organizations) -> AsyncIterator[Served]:
    verifier = Verifier(authority, authority.mesh_keys)
    authority.worth["api:1"] = somebody(audience="query")
    async with grpc.aio.insecure_channel(authority.address) as users:
        mesh = Mesh("query", settings, Renewals(users, "query", authority.mesh_keys, verifier))
        renewing = asyncio.create_task(mesh.renewals.run())
        server = grpc.aio.server(interceptors=[Guard(verifier)])
        partial(add_QueryServiceServicer_to_server, Query(mesh, found, settings))(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        address = f"127.0.0.1:{port}"
        async with grpc.aio.insecure_channel(address) as channel:
            yield Served(QueryServiceStub(channel), mesh, authority, address)
        await server.stop(None)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


@pytest.fixture
async def served(
    authority: Authority, query_settings: QuerySettings, organizations: Organizations
) -> AsyncIterator[Served]:
    async with serving(authority, query_settings, organizations) as found:
        yield found
