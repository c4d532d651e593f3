"""A served collection, in front of a real report log."""

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from collection import reports
from collection.aside import LARGE
from collection.log import Entry
from collection.service import collection_service
from collection.settings import CollectionSettings
from conftest import NatsServer
from mesh import renewal
from mesh.serve import Mesh
from mesh.tests.authority import Authority, authority, somebody
from mesh.tests.serving import serving
from scope.auth.v1.access_pb2 import Caller
from scope.collection.v1.messages_pb2 import PublishRequest
from scope.collection.v1.service_pb2_grpc import CollectionServiceStub

__all__ = ["authority"]

SERVICE = "/scope.collection.v1.CollectionService"
ORGANIZATION = "a" * 32
#: What the identity of every probe says.
CLAIMS: dict[str, Any] = {
    "caller": Caller.CALLER_PROBE,
    "organization": ORGANIZATION,
    "permissions": ["report.upload"],
    "credential": "probe:1",
}
#: How long a test waits for what should take a moment, in seconds.
PATIENCE = 30.0


@dataclass
class Served:
    """The service, how to call it, and what to pull."""

    stub: CollectionServiceStub
    mesh: Mesh
    authority: Authority
    reader: Client

    def metadata(self, rpc: str, probe: str | None = "probe-1") -> tuple[tuple[str, str], ...]:
        token = self.authority.token(f"{SERVICE}/{rpc}", **CLAIMS)
        named = (("x-scope-probe-id", probe),) if probe is not None else ()
        return (("x-scope-identity", token), *named)

    async def stored(self, subject: str) -> list[Msg]:
        """Every message of a subject in the log, oldest first."""
        log, name = self.reader.jetstream(timeout=PATIENCE), f"reports-{ORGANIZATION}"
        counts = (await log.stream_info(name, subjects_filter=subject)).state.subjects or {}
        subscription = await log.subscribe(subject, stream=name, ordered_consumer=True)
        return [await subscription.next_msg(timeout=PATIENCE) for _ in range(sum(counts.values()))]


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Work on any large report takes until a test sets this."""
    over, entry = threading.Event(), reports.entry

    def slow(request: PublishRequest, organization: str, probe: str) -> Entry:
        assert len(request.report) <= LARGE or over.wait(PATIENCE)
        return entry(request, organization, probe)

    monkeypatch.setattr(reports, "entry", slow)
    return over


@pytest.fixture
def limits() -> dict[str, int]:
    """Settings that a test wants otherwise; it says which by a parameter of this name."""
    return {}


@pytest.fixture
async def served(
    authority: Authority,
    nats_server: NatsServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, int],
) -> AsyncIterator[Served]:
    monkeypatch.setattr(renewal, "INTERVAL", 0.2)
    key = tmp_path / "mesh.key"
    key.write_text(authority.mesh_keys.signing.hex())
    settings = CollectionSettings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address=authority.address,
        nats_url=nats_server.url,
        nats_nkey_file=nats_server.nkey_file("collection"),
        **{"log_max_bytes": 16 * 1024 * 1024, **limits},
    )
    authority.worth["probe:1"] = somebody(**CLAIMS, audience="collection")
    seed = str(nats_server.nkey_file("reader"))
    reader = await nats.connect(nats_server.url, nkeys_seed=seed, inbox_prefix="_INBOX_reader")
    async with serving("collection", settings, authority, collection_service) as made:
        yield Served(CollectionServiceStub(made.channel), made.mesh, authority, reader)
    await reader.close()
