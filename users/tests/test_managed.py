"""Organizations, as administrators see and change them."""

import grpc
import pytest

from scope.users.v1.administration_pb2 import (
    Limits,
    ListAllOrganizationsRequest,
    ManagedOrganization,
    Refusal,
    SetLimitsRequest,
    SetRefusalRequest,
)
from users.tests.administrators import BOSS, Caller, administered, events
from users.tests.conftest import LIST_TOKENS, PUBLISH, Service, denial


@pytest.fixture
async def boss(users: Service) -> Caller:
    return await administered(users)


async def _found(boss: Caller, **request: object) -> list[str]:
    answer = await boss.call("ListAllOrganizations", ListAllOrganizationsRequest(**request))
    return [one.id for one in answer.organizations]


async def _one(boss: Caller, slug: str) -> ManagedOrganization:
    answer = await boss.call("ListAllOrganizations", ListAllOrganizationsRequest(search=slug, deleted=True))
    found: ManagedOrganization
    (found,) = answer.organizations
    return found


async def test_they_are_found_by_a_part_of_id_or_name(boss: Caller) -> None:
    for slug in ("a_b", "axb", "c"):
        await boss.users.organization(slug)
    boss.users.execute("UPDATE organizations SET name = 'Hundred 100%% of C' WHERE slug = 'c'")
    assert await _found(boss) == ["a_b", "acme", "axb", "c"]
    assert await _found(boss, search="A_") == ["a_b"]
    assert await _found(boss, search=" hundred 100%") == ["c"]
    assert await _found(boss, search="%") == ["c"]


async def test_they_are_listed_by_pages_and_counted(boss: Caller) -> None:
    for slug in ("b", "c", "d"):
        await boss.users.organization(slug)
    first = await boss.call("ListAllOrganizations", ListAllOrganizationsRequest(page_size=3))
    rest = await boss.call(
        "ListAllOrganizations", ListAllOrganizationsRequest(page_size=3, page_token=first.next_page_token)
    )
    assert [one.id for one in first.organizations] == ["acme", "b", "c"]
    assert [one.id for one in rest.organizations] == ["d"]
    assert (first.total, rest.total, rest.next_page_token) == (4, 4, "")


async def test_deleted_ones_are_listed_when_asked_for(boss: Caller) -> None:
    await boss.users.organization("gone")
    boss.users.execute("UPDATE organizations SET deleted = now(), purged = now() WHERE slug = 'gone'")
    assert await _found(boss) == ["acme"]
    assert await _found(boss, deleted=True) == ["acme", "gone"]
    gone = await _one(boss, "gone")
    assert gone.HasField("deleted")
    assert gone.HasField("purged")
    for method, request in (
        ("SetLimits", SetLimitsRequest(id="gone")),
        ("SetRefusal", SetRefusalRequest(id="gone")),
        ("SetLimits", SetLimitsRequest(id="never")),
        ("SetRefusal", SetRefusalRequest(id="never")),
    ):
        assert await boss.refused(method, request) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    nul = await boss.refused("SetRefusal", SetRefusalRequest(id="\x00"))
    assert nul == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_what_is_told_of_one(boss: Caller) -> None:
    users = boss.users
    await users.organization("other")
    one = await _one(boss, "acme")
    assert (one.name, one.members, one.probe_tokens) == ("acme", 1, 1)
    assert len(one.internal_id) == 32
    assert one.HasField("created")
    assert not one.HasField("last_report")
    users.execute("UPDATE probe_tokens SET last_used = '2026-01-02T03:04:00Z', revoked = now()")
    users.execute("INSERT INTO memberships SELECT id, %s, 'viewer' FROM users WHERE email <> %s", one.internal_id, BOSS)
    one = await _one(boss, "acme")
    assert (one.members, one.probe_tokens) == (2, 0)
    assert one.last_report.ToJsonString() == "2026-01-02T03:04:00Z"


async def test_limits_of_its_own(boss: Caller) -> None:
    told = (await boss.call("SetLimits", SetLimitsRequest(id="ACME", limits=Limits(probes=5)))).organization
    assert told.limits == Limits(probes=5)
    await boss.call("SetLimits", SetLimitsRequest(id="acme", limits=Limits(probes=5)))
    await boss.call("SetLimits", SetLimitsRequest(id="acme", limits=Limits(reports_per_second=7)))
    assert (await _one(boss, "acme")).limits == Limits(reports_per_second=7)
    org = told.internal_id
    assert events(boss.users) == [
        ("admin:organization:set_limits", BOSS, org, org, {"probes": None}, {"probes": 5}),
        (
            "admin:organization:set_limits",
            BOSS,
            org,
            org,
            {"probes": 5, "reports_per_second": None},
            {"probes": None, "reports_per_second": 7},
        ),
    ]
    for odd in (Limits(probes=-1), Limits(reports_per_second=0)):
        refused = await boss.refused("SetLimits", SetLimitsRequest(id="acme", limits=odd))
        assert refused == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_what_is_refused_is_refused_at_once_with_the_reason(boss: Caller) -> None:
    users = boss.users
    made = await users.organization("globex", "ann@example.org")
    member, probe = f"Bearer {made.api_token}", f"Bearer {made.service_token}"
    await users.identity(LIST_TOKENS, authorization=member)
    await users.identity(PUBLISH, authorization=probe)

    await boss.call("SetRefusal", SetRefusalRequest(id="globex", refusal=Refusal(upload=True, reason="unpaid")))
    assert denial(await users.check(PUBLISH, authorization=probe)) == (403, "ORGANIZATION_REFUSED")
    await users.identity(LIST_TOKENS, authorization=member)
    told = await boss.call("SetRefusal", SetRefusalRequest(id="globex", refusal=Refusal(access=True, reason="abuse")))
    assert told.organization.refusal == Refusal(access=True, reason="abuse")
    await users.identity(PUBLISH, authorization=probe)
    answer = await users.check(LIST_TOKENS, authorization=member)
    assert denial(answer) == (403, "ORGANIZATION_REFUSED")
    assert "abuse" in answer.denied_response.body
    await boss.call("SetRefusal", SetRefusalRequest(id="globex", refusal=Refusal(reason="forgotten")))
    await users.identity(LIST_TOKENS, authorization=member)
    assert (await _one(boss, "globex")).refusal == Refusal()

    assert [after for *_, after in events(users)] == [
        {"upload": True, "reason": "unpaid"},
        {"access": True, "upload": False, "reason": "abuse"},
        {"access": False, "reason": None},
    ]


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 501])
async def test_a_refusal_says_why(boss: Caller, reason: str) -> None:
    odd = SetRefusalRequest(id="acme", refusal=Refusal(access=True, reason=reason))
    assert await boss.refused("SetRefusal", odd) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert (await _one(boss, "acme")).refusal == Refusal()
    assert events(boss.users) == []
