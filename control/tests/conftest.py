"""Two replicas of control on one bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from conftest import NatsServer
from control.tests.replicas import Replica, make_audit, replica
from mesh import renewal
from mesh.tests.authority import Authority, authority

__all__ = ["authority"]


@pytest.fixture
def limits() -> dict[str, int]:
    """Settings that a test wants otherwise; it says which by a parameter of this name."""
    return {}


@pytest.fixture
def audited() -> bool:
    """Whether there is an audit to tell."""
    return True


@pytest.fixture
async def pipe(nats_server: NatsServer) -> AsyncIterator[Client]:
    """The bus, by the key of the pipe service."""
    seed = str(nats_server.nkey_file("pipe"))
    client = await nats.connect(nats_server.url, nkeys_seed=seed, inbox_prefix="_INBOX_pipe")
    yield client
    await client.close()


@pytest.fixture
async def audit(nats_server: NatsServer, audited: bool) -> AsyncIterator[Client | None]:
    """The stream of the audit, by the key of users."""
    client = await make_audit(nats_server) if audited else None
    yield client
    if client is not None:
        await client.close()


@pytest.fixture
async def replicas(  # noqa: PLR0917 - fixtures, by name
    authority: Authority,
    nats_server: NatsServer,
    audit: Client | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, int],
) -> AsyncIterator[list[Replica]]:
    monkeypatch.setattr(renewal, "INTERVAL", 0.2)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(replica(authority, nats_server, tmp_path, **limits)) for _ in range(2)]
