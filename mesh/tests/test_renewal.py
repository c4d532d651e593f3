"""An open stream lives as long as its credential, and a while longer when users is away."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mesh import renewal
from mesh.bounds import Bound, Per
from mesh.errors import ServiceError, unauthenticated
from mesh.identity import Verifier, set_current
from mesh.renewal import Lease, Renewals
from mesh.serve import users_channel
from mesh.tests.authority import Authority, somebody
from scope.auth.v1.identity_pb2 import Identity

MANY = Bound(100, "watches", Per.USER, "WATCHES_PER_USER")
WATCH = "/scope.query.v1.QueryService/StreamTopology"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "INTERVAL", 0.2)


@pytest.fixture
async def renewals(authority: Authority) -> AsyncIterator[Renewals]:
    async with users_channel(authority.address) as channel:
        verifier = Verifier(authority, authority.mesh_keys)
        renewals = Renewals(channel, "query", authority.mesh_keys, verifier)
        running = asyncio.create_task(renewals.run())
        yield renewals
        running.cancel()


def viewer(permissions: list[str]) -> Identity:
    return somebody(permissions=permissions, audience="query")


async def end_of(renewals: Renewals, permission: str = "") -> ServiceError:
    async with renewals.lease(WATCH, MANY, permission) as lease:
        async with asyncio.timeout(60):
            await lease.ended.wait()
        assert lease.error is not None
        return lease.error


async def test_a_revoked_credential_ends_its_stream(authority: Authority, renewals: Renewals) -> None:
    set_current(viewer(["report.view"]))
    authority.worth["api:1"] = viewer(["report.view"])
    ending = asyncio.create_task(end_of(renewals))
    await asyncio.sleep(0)
    del authority.worth["api:1"]
    assert (await ending).reason_name == "CREDENTIAL_REVOKED"


def test_a_stream_that_is_slow_to_end_ends_for_the_first_reason() -> None:
    lease, first = Lease(WATCH, viewer([])), unauthenticated()
    lease.end(first)
    lease.end(unauthenticated())
    assert lease.error is first


async def test_a_lost_permission_ends_its_stream_and_is_named(authority: Authority, renewals: Renewals) -> None:
    set_current(viewer(["report.view"]))
    authority.worth["api:1"] = viewer([])
    error = await end_of(renewals)
    assert error.reason_name == "CREDENTIAL_REVOKED"
    assert "report.view" in error.message


async def test_a_stream_that_needs_more_than_its_rule_ends_without_it(authority: Authority, renewals: Renewals) -> None:
    set_current(viewer(["report.view", "host.exec"]))
    authority.worth["api:1"] = viewer(["report.view"])
    error = await end_of(renewals, "host.exec")
    assert error.reason_name == "CREDENTIAL_REVOKED"
    assert "host.exec" in error.message


@pytest.mark.parametrize("changed", [{"subject": "somebody else"}, {"impersonator": "boss"}])
async def test_a_session_that_acts_as_somebody_else_now_ends_its_streams(
    authority: Authority, renewals: Renewals, changed: dict[str, str]
) -> None:
    set_current(viewer(["report.view"]))
    authority.worth["api:1"] = somebody(permissions=["report.view"], audience="query", **changed)
    error = await end_of(renewals)
    assert (error.reason_name, "somebody else" in error.message) == ("CREDENTIAL_REVOKED", True)


async def test_an_organization_that_is_refused_ends_its_streams_with_the_reason(
    authority: Authority, renewals: Renewals
) -> None:
    set_current(viewer(["report.view"]))
    authority.worth["api:1"] = somebody(permissions=[], audience="query", refused="unpaid")
    error = await end_of(renewals)
    assert (error.reason_name, error.message) == ("ORGANIZATION_REFUSED", "unpaid")


async def test_a_good_credential_keeps_its_stream_and_brings_what_changed(
    authority: Authority, renewals: Renewals
) -> None:
    set_current(viewer(["report.view"]))
    authority.worth["api:1"] = viewer(["report.view", "report.sensitive.view"])
    async with renewals.lease(WATCH, MANY) as lease, asyncio.timeout(60):
        while "report.sensitive.view" not in lease.identity.permissions:
            await asyncio.sleep(0.01)
        assert not lease.ended.is_set()


async def test_streams_outlive_users_for_a_while_and_no_longer(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "PATIENCE", 0.5)
    set_current(viewer(["report.view"]))
    async with users_channel("127.0.0.1:9") as nowhere:
        renewals = Renewals(nowhere, "query", authority.mesh_keys, Verifier(authority, authority.mesh_keys))
        running = asyncio.create_task(renewals.run())
        started = asyncio.get_running_loop().time()
        error = await end_of(renewals)
        running.cancel()
    assert error.reason_name == "IDENTITY_UNAVAILABLE"
    assert asyncio.get_running_loop().time() - started > 0.5


async def test_a_fault_while_asking_counts_as_no_answer(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        async def public_key(self, kid: str) -> Ed25519PublicKey:
            raise RuntimeError(kid)

    monkeypatch.setattr(renewal, "PATIENCE", 0.5)
    set_current(viewer(["report.view"]))
    authority.worth["api:1"] = viewer(["report.view"])
    async with users_channel(authority.address) as users:
        renewals = Renewals(users, "query", authority.mesh_keys, Verifier(Broken(), authority.mesh_keys))
        running = asyncio.create_task(renewals.run())
        assert (await end_of(renewals)).reason_name == "IDENTITY_UNAVAILABLE"
        running.cancel()
