"""People, as administrators see and change them."""

import asyncio

import grpc
import pytest
from sqlalchemy import event

from scope.users.v1.administration_pb2 import (
    ApproveRequest,
    DisableRequest,
    EnableRequest,
    ImpersonateRequest,
    ListAllOrganizationsRequest,
    ListPeopleRequest,
    Person,
    SetAdministratorRequest,
)
from scope.users.v1.audit_pb2 import ListAllEventsRequest
from scope.users.v1.service_pb2_grpc import AdministrationServiceStub
from users.administration import organizations, people
from users.tests.administrators import BOSS, Caller, administered, events, person
from users.tests.conftest import LIST_TOKENS, LOOKUP, Service, denial
from users.tests.test_sign_in import reason

ADMINISTER = "/scope.users.v1.AdministrationService/ListPeople"
NOBODY = "0" * 32


@pytest.fixture
async def boss(users: Service) -> Caller:
    return await administered(users)


async def _found(boss: Caller, **request: object) -> list[str]:
    return [one.email for one in (await boss.call("ListPeople", ListPeopleRequest(**request))).people]


async def _one(boss: Caller, email: str) -> Person:
    found: Person
    (found,) = (await boss.call("ListPeople", ListPeopleRequest(search=email))).people
    return found


async def test_people_are_found_by_a_part_of_their_address(boss: Caller) -> None:
    for email in ("ann_lee@example.org", "annalee@example.org", "50%off@example.org", "a\\b@example.org"):
        person(boss.users, email)
    assert await _found(boss, search="ANN_") == ["ann_lee@example.org"]
    assert await _found(boss, search=" 0%o ") == ["50%off@example.org"]
    assert await _found(boss, search="\\") == ["a\\b@example.org"]
    assert await _found(boss, search="/") == []
    assert set(await _found(boss, search="lee")) == {"ann_lee@example.org", "annalee@example.org"}
    assert len(await _found(boss)) == 5


async def test_they_are_listed_by_pages_the_newest_first_and_counted(boss: Caller) -> None:
    for number in range(5):
        person(boss.users, f"p{number}@example.org", created=f"now() + interval '{number} minutes'")
    found: list[str] = []
    token, totals = "", set()
    while not found or token:
        answer = await boss.call("ListPeople", ListPeopleRequest(search="p", page_size=2, page_token=token))
        found += [one.email for one in answer.people]
        token = answer.next_page_token
        totals.add(answer.total)
    assert found == [f"p{number}@example.org" for number in (4, 3, 2, 1, 0)] + [BOSS]
    assert totals == {6}
    odd = await boss.refused("ListPeople", ListPeopleRequest(page_token="x"))
    assert odd == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_however_many_are_listed_it_takes_as_many_statements(boss: Caller) -> None:
    users = boss.users
    for number in range(9):
        await users.organization(f"o{number}", f"p{number}@example.org")
    statements: list[str] = []
    engine = users.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    for size in (1, 9):
        statements.clear()
        answer = await people.listed(users.database, ListPeopleRequest(search="p", page_size=size))
        assert sum(len(one.organizations) for one in answer.people) == size
        assert len(statements) == 3
        statements.clear()
        await organizations.listed(users.database, ListAllOrganizationsRequest(page_size=size))
        assert len(statements) == 2


async def test_who_waits_and_who_is_approved(boss: Caller) -> None:
    person(boss.users, "waits@example.org", approved="NULL")
    assert await _found(boss, approved=False) == ["waits@example.org"]
    assert await _found(boss, approved=True) == [BOSS]


async def test_what_is_told_of_a_person(boss: Caller) -> None:
    await boss.users.organization("globex", "ann@example.org")
    await boss.users.organization("gone", "ann@example.org")
    ann = await _one(boss, "ann@example.org")
    boss.users.execute("UPDATE memberships SET role = 'viewer' WHERE user_id = %s", ann.id)
    boss.users.execute("UPDATE organizations SET deleted = now() WHERE slug = 'gone'")
    boss.users.execute("UPDATE users SET last_login = now() WHERE id = %s", ann.id)
    ann = await _one(boss, "ann@example.org")
    assert [(place.id, place.name, place.role) for place in ann.organizations] == [("globex", "globex", "viewer")]
    assert ann.HasField("created")
    assert ann.HasField("approved")
    assert ann.HasField("last_login")
    assert not ann.HasField("disabled")
    assert not ann.admin
    assert (await _one(boss, BOSS)).admin


async def test_approving(boss: Caller) -> None:
    waits = person(boss.users, "waits@example.org", approved="NULL")
    first = (await boss.call("Approve", ApproveRequest(id=waits))).person
    again = (await boss.call("Approve", ApproveRequest(id=waits))).person
    assert (first.email, first.approved) == ("waits@example.org", again.approved)
    assert first.HasField("approved")
    assert events(boss.users) == [("admin:user:approve", BOSS, waits, None, None, None)]
    assert boss.users.rows("SELECT occasion, recipient FROM outbox") == [("approved", "waits@example.org")]
    for unknown in (NOBODY, "x", "\x00"):
        assert await boss.refused("Approve", ApproveRequest(id=unknown)) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_who_is_disabled_is_nobody_until_enabled_and_signs_in_anew(boss: Caller) -> None:
    users = boss.users
    made = await users.organization("globex", "ann@example.org")
    ann = (await _one(boss, "ann@example.org")).id
    cookie = await users.cookie("ann@example.org")
    link = await users.login_secret("ann@example.org")
    bearer = f"Bearer {made.api_token}"
    assert (await users.identity(LOOKUP, cookie=cookie)).subject == ann
    assert (await users.identity(LIST_TOKENS, authorization=bearer)).subject == ann

    told = (await boss.call("Disable", DisableRequest(id=ann, reason="left the company"))).person
    assert (told.disabled_reason, told.HasField("disabled")) == ("left the company", True)
    assert denial(await users.check(LOOKUP, cookie=cookie)) == (401, "CREDENTIAL_INVALID")
    assert denial(await users.check(LIST_TOKENS, authorization=bearer)) == (401, "CREDENTIAL_INVALID")

    told = (await boss.call("Enable", EnableRequest(id=ann))).person
    assert (told.disabled_reason, told.HasField("disabled")) == ("", False)
    assert denial(await users.check(LOOKUP, cookie=cookie)) == (401, "CREDENTIAL_INVALID")
    with pytest.raises(grpc.aio.AioRpcError):
        await users.login(link)
    assert (await users.identity(LIST_TOKENS, authorization=bearer)).subject == ann
    assert (await users.identity(LOOKUP, cookie=await users.cookie("ann@example.org"))).subject == ann

    off = {"disabled": True, "reason": "left the company"}
    on = {"disabled": False, "reason": None}
    assert [event for event in events(users) if event[0].startswith("admin:user:")] == [
        ("admin:user:disable", BOSS, ann, None, on, off),
        ("admin:user:enable", BOSS, ann, None, off, on),
    ]


async def test_disabling_or_enabling_once_more(boss: Caller) -> None:
    ann = person(boss.users, "ann@example.org")
    await boss.call("Enable", EnableRequest(id=ann))
    first = (await boss.call("Disable", DisableRequest(id=ann, reason="one"))).person
    same = (await boss.call("Disable", DisableRequest(id=ann, reason="one"))).person
    other = (await boss.call("Disable", DisableRequest(id=ann, reason="two"))).person
    assert first.disabled == same.disabled == other.disabled
    assert other.disabled_reason == "two"
    assert [(before["reason"], after["reason"]) for *_, before, after in events(boss.users)] == [
        (None, "one"),
        ("one", "two"),
    ]
    assert await boss.refused("Disable", DisableRequest(id=ann)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
    )
    assert await boss.refused("Disable", DisableRequest(id=ann, reason=" ")) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
    )


async def test_an_administrator_more_and_one_less(boss: Caller) -> None:
    users = boss.users
    ann = person(users, "ann@example.org")
    cookie = await users.cookie("ann@example.org")
    assert denial(await users.check(ADMINISTER, cookie=cookie)) == (403, "PERMISSION_DENIED")
    for _ in range(2):
        assert (await boss.call("SetAdministrator", SetAdministratorRequest(id=ann, admin=True))).person.admin
    assert (await users.identity(ADMINISTER, cookie=cookie)).admin
    assert not (await boss.call("SetAdministrator", SetAdministratorRequest(id=ann))).person.admin
    assert denial(await users.check(ADMINISTER, cookie=cookie)) == (403, "PERMISSION_DENIED")
    assert [
        (action, subject, before["admin"], after["admin"]) for action, _, subject, _, before, after in events(users)
    ] == [
        ("admin:user:set_administrator", ann, False, True),
        ("admin:user:set_administrator", ann, True, False),
    ]


async def test_nobody_does_it_to_themselves(boss: Caller) -> None:
    me = (await _one(boss, BOSS)).id
    own = (grpc.StatusCode.FAILED_PRECONDITION, "OWN_ACCOUNT")
    assert await boss.refused("Disable", DisableRequest(id=me, reason="tired")) == own
    assert await boss.refused("SetAdministrator", SetAdministratorRequest(id=me)) == own
    assert await boss.refused("SetAdministrator", SetAdministratorRequest(id=me, admin=True)) == own


@pytest.mark.parametrize("method", ["Disable", "SetAdministrator"])
async def test_of_two_who_do_it_to_each_other_at_once_one_is_left(boss: Caller, method: str) -> None:
    ann = person(boss.users, "ann@example.org", admin="true")
    whom = {boss.cookie: ann, await boss.users.cookie("ann@example.org"): (await _one(boss, BOSS)).id}
    rpc, call = f"/scope.users.v1.AdministrationService/{method}", AdministrationServiceStub(boss.users.channel)
    admitted = [(who, await boss.users.metadata(rpc, method="POST", cookie=cookie)) for cookie, who in whom.items()]
    done = await asyncio.gather(
        *(
            call.Disable(DisableRequest(id=who, reason="x"), metadata=metadata)
            if method == "Disable"
            else call.SetAdministrator(SetAdministratorRequest(id=who), metadata=metadata)
            for who, metadata in admitted
        ),
        return_exceptions=True,
    )
    (refusal,) = (answer for answer in done if isinstance(answer, grpc.aio.AioRpcError))
    assert (refusal.code(), reason(refusal)) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    assert boss.users.rows("SELECT count(*) FROM users WHERE admin AND disabled IS NULL") == [(1,)]


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Disable", DisableRequest(id=NOBODY, reason="x")),
        ("Enable", EnableRequest(id=NOBODY)),
        ("Enable", EnableRequest(id="\x00")),
        ("SetAdministrator", SetAdministratorRequest(id=NOBODY)),
    ],
)
async def test_who_is_not_there(boss: Caller, method: str, request_: object) -> None:
    assert await boss.refused(method, request_) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


@pytest.fixture
async def acting(boss: Caller) -> Caller:
    """Another administrator, who acts as bob."""
    person(boss.users, "ann@example.org", admin="true")
    person(boss.users, "bob@example.org")
    ann = Caller(boss.users, await boss.users.cookie("ann@example.org"))
    bob = await _one(boss, "bob@example.org")
    begun = await ann.call("Impersonate", ImpersonateRequest(id=bob.id, reason="sees no hosts"))
    assert begun.email == "bob@example.org"
    assert (await boss.users.identity(LOOKUP, cookie=ann.cookie)).subject == bob.id
    return ann


async def test_acting_as_somebody(boss: Caller, acting: Caller) -> None:
    users = boss.users
    ann = (await _one(boss, "ann@example.org")).id
    identity = await users.identity(LOOKUP, cookie=acting.cookie)
    assert (identity.impersonator, identity.admin) == (ann, False)
    assert denial(await users.check(ADMINISTER, cookie=acting.cookie))[0] == 403
    ((hours, reason),) = users.rows(
        "SELECT round(extract(epoch FROM expires - now()) / 3600), reason FROM impersonations"
    )
    assert (hours, reason) == (1, "sees no hosts")


async def test_who_may_not_be_acted_as(boss: Caller) -> None:
    users = boss.users
    denied = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    for email, columns, refusal in (
        ("waits@example.org", {"approved": "NULL"}, denied),
        ("off@example.org", {"disabled": "now()"}, denied),
        ("ann@example.org", {"admin": "true"}, denied),
        (BOSS, None, (grpc.StatusCode.FAILED_PRECONDITION, "OWN_ACCOUNT")),
    ):
        user_id = (await _one(boss, BOSS)).id if columns is None else person(users, email, **columns)
        assert await boss.refused("Impersonate", ImpersonateRequest(id=user_id, reason="x")) == refusal
    told = users.rows("SELECT action, subject, after FROM audit_events WHERE refused")
    waits = (await _one(boss, "waits@example.org")).id
    assert told == [("admin:impersonation:begin", waits, {"reason": "PERMISSION_DENIED"})]  # the others are counted
    bob = person(users, "bob@example.org")
    for odd in (ImpersonateRequest(id=bob), ImpersonateRequest(id=bob, reason="x", seconds=28_801)):
        assert await boss.refused("Impersonate", odd) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    unknown = await boss.refused("Impersonate", ImpersonateRequest(id=NOBODY, reason="x"))
    assert unknown == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert users.count("impersonations") == 0


async def test_who_loses_administration_is_themselves_again(boss: Caller, acting: Caller) -> None:
    ann = await _one(boss, "ann@example.org")
    await boss.call("SetAdministrator", SetAdministratorRequest(id=ann.id))
    assert (await boss.users.identity(LOOKUP, cookie=acting.cookie)).subject == ann.id
    assert [event[0] for event in events(boss.users)].count("admin:impersonation:end") == 1


async def test_nobody_acts_as_who_administers_by_now(boss: Caller, acting: Caller) -> None:
    bob, ann = await _one(boss, "bob@example.org"), await _one(boss, "ann@example.org")
    await boss.call("SetAdministrator", SetAdministratorRequest(id=bob.id, admin=True))
    assert (await boss.users.identity(LOOKUP, cookie=acting.cookie)).subject == ann.id


async def test_nobody_acts_as_who_is_disabled(boss: Caller, acting: Caller) -> None:
    bob, ann = await _one(boss, "bob@example.org"), await _one(boss, "ann@example.org")
    await boss.call("Disable", DisableRequest(id=bob.id, reason="x"))
    assert (await boss.users.identity(LOOKUP, cookie=acting.cookie)).subject == ann.id


async def test_what_was_done_anywhere_is_read(boss: Caller) -> None:
    ann = person(boss.users, "ann@example.org")
    await boss.call("Disable", DisableRequest(id=ann, reason="x"))
    request = ListAllEventsRequest(action="admin:user:disable", actor=BOSS)
    (event_,) = (await boss.call("ListAllEvents", request)).events
    assert (event_.subject, event_.organization, event_.after["reason"]) == (ann, "", "x")
    acme = (await boss.call("ListAllEvents", ListAllEventsRequest(organization="acme"))).events
    assert {one.organization for one in acme} == {"acme"}
