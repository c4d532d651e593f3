"""Members of an organization over gRPC: listed, given another role, removed, leaving."""

import asyncio

import pytest
from google.protobuf.message import Message

from scope.users.v1.organizations_pb2 import (
    GetOrganizationRequest,
    LeaveRequest,
    ListMembersRequest,
    Member,
    RemoveMemberRequest,
    UpdateMemberRequest,
    UpdateOrganizationRequest,
)
from users import organizations, tokens
from users.tables import new_id
from users.tests.calling import rpc_of
from users.tests.conftest import Service
from users.tests.people import Somebody, events, founder, joined, token_of


async def _members(person: Somebody) -> dict[str, Member]:
    return {member.email: member for member in (await person.ask(ListMembersRequest())).members}


async def _roles(person: Somebody) -> dict[str, str]:
    return {email.partition("@")[0]: member.role for email, member in (await _members(person)).items()}


async def _api_token(users: Service, person: Somebody) -> Somebody:
    async with users.database.begin() as session:
        ((organization, _),) = await organizations.of_user(session, person.id)
        _, made = await tokens.first(session, organization.id, person.id)
    return token_of(person, made.secret)


async def test_members_are_listed_by_address(users: Service) -> None:
    ann = await founder(users)
    await joined(users, ann, "eve", "editor")
    await joined(users, ann, "bob", "viewer")
    users.execute("UPDATE users SET last_login = NULL")
    users.execute("UPDATE users SET last_login = now() WHERE email LIKE 'eve@%%'")
    found = await _members(ann)
    assert [(one.email, one.role, one.self, one.HasField("last_login")) for one in found.values()] == [
        ("ann@example.org", "admin", True, False),
        ("bob@example.org", "viewer", False, False),
        ("eve@example.org", "editor", False, True),
    ]
    assert all(one.HasField("joined") for one in found.values())


async def test_members_are_listed_in_pages(users: Service) -> None:
    ann = await founder(users, name="p05")
    users.execute(
        "INSERT INTO users (id, email, admin) SELECT n, 'p' || n || '@x', false FROM generate_series(10, 14) n"
    )
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) "
        "SELECT users.id, organizations.id, 'viewer' FROM users, organizations ON CONFLICT DO NOTHING"
    )
    found: list[str] = []
    token = ""
    while not found or token:
        page = await ann.ask(ListMembersRequest(page_size=4, page_token=token))
        found += [member.email for member in page.members]
        token = page.next_page_token
        assert len(page.members) == 4 or not token
    assert found == ["p05@example.org", "p10@x", "p11@x", "p12@x", "p13@x", "p14@x"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ListMembersRequest(page_size=-1), "page_size"),
        (ListMembersRequest(page_size=1001), "page_size"),
        (ListMembersRequest(page_token="made up"), "page_token"),
        (UpdateMemberRequest(id="x", role="owner"), "role"),
        (UpdateMemberRequest(id="x"), "role"),
        (UpdateMemberRequest(role="viewer"), "id"),
        (RemoveMemberRequest(id="x" * 65), "id"),
    ],
)
async def test_bad_input_is_named(users: Service, request_: Message, field: str) -> None:
    assert await (await founder(users)).bad_field(request_) == field


async def test_another_role_counts_at_once(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "viewer")
    rename = UpdateOrganizationRequest(name="Bob's")
    assert await bob.refusal(rename) == "PERMISSION_DENIED"
    changed = (await ann.ask(UpdateMemberRequest(id=bob.id, role="admin"))).member
    assert (changed.id, changed.email, changed.role, changed.self) == (bob.id, bob.email, "admin", False)
    await bob.ask(rename)
    await bob.ask(UpdateMemberRequest(id=ann.id, role="viewer"))
    assert await ann.refusal(rename) == "PERMISSION_DENIED"
    await bob.ask(UpdateMemberRequest(id=ann.id, role="viewer"))
    changes = [event[2:] for event in events(users) if event[0] == "organization:member:update"]
    assert changes == [
        (bob.id, {"email": bob.email, "role": "viewer"}, {"email": bob.email, "role": "admin"}),
        (ann.id, {"email": ann.email, "role": "admin"}, {"email": ann.email, "role": "viewer"}),
    ]


async def test_nobody_changes_their_own_role(users: Service) -> None:
    ann = await founder(users)
    await joined(users, ann, "bob", "admin")
    for who in (ann, await _api_token(users, ann)):
        assert await who.refusal(UpdateMemberRequest(id=ann.id, role="viewer")) == "OWN_ACCOUNT"
    assert await _roles(ann) == {"ann": "admin", "bob": "admin"}
    refused = [event for event in events(users) if event[1]]
    assert [(event[0], event[2], event[4]) for event in refused] == [
        ("organization:member:update", ann.id, {"reason": "OWN_ACCOUNT"})
    ] * 2


async def test_who_belongs_elsewhere_is_not_there(users: Service) -> None:
    ann = await founder(users)
    eve = await founder(users, "other", "eve")
    for name in (eve.id, new_id(), "made-up", "\x01"):
        for request in (UpdateMemberRequest(id=name, role="viewer"), RemoveMemberRequest(id=name)):
            assert await ann.refusal(request) == "NOT_FOUND"
    assert await _roles(eve) == {"eve": "admin"}


async def test_who_is_removed_has_nothing_left_here(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "editor")
    token = await _api_token(users, bob)
    identity = await users.identity(rpc_of(GetOrganizationRequest()), **token.headers)
    held = [(identity.credential, identity.organization)]
    await ann.ask(RemoveMemberRequest(id=bob.id))
    assert await _roles(ann) == {"ann": "admin"}
    assert await bob.refusal(GetOrganizationRequest()) == "PERMISSION_DENIED"
    assert await token.refusal(GetOrganizationRequest()) == "CREDENTIAL_INVALID"
    assert await users.renew(*held) == [None]
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) SELECT %s, id, 'viewer' FROM organizations", bob.id
    )
    users.clock.seconds += 2
    assert await token.refusal(GetOrganizationRequest()) == "CREDENTIAL_INVALID"
    await bob.ask(GetOrganizationRequest())
    removed = [event[2:] for event in events(users) if event[0] == "organization:member:remove"]
    assert removed == [(bob.id, {"email": bob.email, "role": "editor"}, None)]


async def test_removal_takes_nothing_from_others_and_nothing_elsewhere(users: Service) -> None:
    bob = await founder(users, "bobs", "bob")
    kept = await _api_token(users, bob)
    ann = await founder(users)
    mine = await _api_token(users, ann)
    await users.organization("both", bob.email)
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) SELECT %s, id, 'viewer' FROM organizations "
        "WHERE slug = 'acme'",
        bob.id,
    )
    await ann.ask(RemoveMemberRequest(id=bob.id))
    for token in (kept, mine):
        await token.ask(GetOrganizationRequest())
    await bob.within("both").ask(GetOrganizationRequest())


async def test_one_leaves_or_removes_oneself(users: Service) -> None:
    ann = await founder(users)
    bob, eve = await joined(users, ann, "bob", "viewer"), await joined(users, ann, "eve", "admin")
    await bob.ask(LeaveRequest())
    await eve.ask(RemoveMemberRequest(id=eve.id))
    assert await _roles(ann) == {"ann": "admin"}
    left = [event[2] for event in events(users) if event[0] == "organization:member:leave"]
    assert left == [bob.id, eve.id]


async def test_the_last_administrator_stays(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "editor")
    for request in (LeaveRequest(), RemoveMemberRequest(id=ann.id)):
        assert await ann.refusal(request) == "LAST_ADMINISTRATOR"
    refused = [event for event in events(users) if event[1]]
    assert [(event[0], event[2], event[4]) for event in refused] == [
        ("organization:member:leave", ann.id, {"reason": "LAST_ADMINISTRATOR"})
    ]
    await ann.ask(UpdateMemberRequest(id=bob.id, role="admin"))
    await ann.ask(LeaveRequest())
    assert await _roles(bob) == {"bob": "admin"}


async def test_an_administrator_who_is_disabled_is_none_to_be_left_with(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "admin")
    users.execute("UPDATE users SET disabled = now() WHERE id = %s", bob.id)
    assert await ann.refusal(LeaveRequest()) == "LAST_ADMINISTRATOR"
    await ann.ask(RemoveMemberRequest(id=bob.id))


async def test_of_two_who_remove_each_other_at_once_one_stays(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "admin")
    calls = [
        await ann.prepared(RemoveMemberRequest(id=bob.id)),
        await bob.prepared(RemoveMemberRequest(id=ann.id)),
    ]
    assert sorted(await asyncio.gather(*(call.outcome() for call in calls))) == ["OK", "PERMISSION_DENIED"]
    assert users.count("memberships") == 1


async def test_of_two_who_leave_at_once_one_stays(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "admin")
    calls = [await person.prepared(LeaveRequest()) for person in (ann, bob)]
    assert sorted(await asyncio.gather(*(call.outcome() for call in calls))) == ["LAST_ADMINISTRATOR", "OK"]
    assert users.rows("SELECT role FROM memberships") == [("admin",)]


async def test_who_was_demoted_a_moment_ago_changes_nobody(users: Service) -> None:
    ann = await founder(users)
    bob, eve = await joined(users, ann, "bob", "admin"), await joined(users, ann, "eve", "viewer")
    late = [
        await bob.prepared(UpdateMemberRequest(id=eve.id, role="admin")),
        await bob.prepared(RemoveMemberRequest(id=eve.id)),
    ]
    await ann.ask(UpdateMemberRequest(id=bob.id, role="editor"))
    assert [await call.outcome() for call in late] == ["PERMISSION_DENIED"] * 2
    assert await _roles(ann) == {"ann": "admin", "bob": "editor", "eve": "viewer"}
