"""Invitations over gRPC, from both sides."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message

from mesh.errors import ServiceError
from scope.users.v1.organizations_pb2 import (
    AcceptInvitationRequest,
    DeclineInvitationRequest,
    GetOrganizationRequest,
    Invitation,
    InviteRequest,
    ListInvitationsRequest,
    ListMyInvitationsRequest,
    RevokeInvitationRequest,
    UpdateMemberRequest,
)
from users import invitations, members
from users.tables import Role
from users.tests.conftest import Service
from users.tests.people import Somebody, events, founder, joined, somebody


async def _invited(inviter: Somebody, email: str, role: str = "") -> Invitation:
    invitation: Invitation = (await inviter.ask(InviteRequest(email=email, role=role))).invitation
    return invitation


async def _open(person: Somebody) -> list[Invitation]:
    return list((await person.ask(ListInvitationsRequest())).invitations)


async def _mine(person: Somebody) -> list[Invitation]:
    return list((await person.ask(ListMyInvitationsRequest())).invitations)


def _mails(users: Service) -> list[tuple[str, dict[str, str]]]:
    return [(to, facts) for to, facts in users.rows("SELECT recipient, facts FROM outbox ORDER BY created")]


async def test_who_is_invited_accepts_and_is_a_member_at_once(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    made = await _invited(ann, " Bob@Example.org ", "editor")
    assert (made.organization_id, made.organization_name, made.role) == ("acme", "acme", "editor")
    assert (made.email, made.invited_by) == (bob.email, ann.email)
    lasting = made.expires.ToDatetime(UTC) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < lasting <= timedelta(days=7)
    assert _mails(users) == [(bob.email, {"organization": "acme", "inviter": ann.email, "role": "editor"})]
    assert await _open(ann) == await _mine(bob) == [made]
    assert await bob.refusal(GetOrganizationRequest()) == "PERMISSION_DENIED"
    joined_ = (await bob.ask(AcceptInvitationRequest(id=made.id))).organization
    assert (joined_.id, joined_.role) == ("acme", "editor")
    assert (await bob.ask(GetOrganizationRequest())).organization == joined_
    assert await _open(ann) == await _mine(bob) == []
    said = {"email": bob.email, "role": "editor"}
    assert [event[0] for event in events(users)[1:]] == [
        "organization:invitation:create",
        "organization:invitation:accept",
    ]
    assert [event[2:] for event in events(users)[1:]] == [(made.id, None, said), (made.id, said, None)]


async def test_who_has_no_account_is_invited_just_the_same(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    known, unknown = await _invited(ann, bob.email), await _invited(ann, "new@example.org")
    assert known.role == unknown.role == "viewer"
    assert [field.name for field, _ in known.ListFields()] == [field.name for field, _ in unknown.ListFields()]
    assert [recipient for recipient, _ in _mails(users)] == [bob.email, "new@example.org"]
    assert not users.rows("SELECT id FROM users WHERE email = 'new@example.org'")
    async with users.database.begin() as session:
        assert [found.id for found, _ in await invitations.open_for(session, "new@example.org")] == [unknown.id]
        assert not await invitations.open_for(session, "another@example.org")


async def test_inviting_once_more_changes_the_role_and_sends_another_mail(users: Service) -> None:
    ann = await founder(users)
    first = await _invited(ann, "bob@example.org", "viewer")
    users.execute("UPDATE invitations SET expires = now() + interval '1 hour'")
    second = await _invited(ann, "bob@example.org", "admin")
    assert (second.id, second.created, second.role) == (first.id, first.created, "admin")
    assert second.expires.ToDatetime(UTC) - datetime.now(UTC) > timedelta(days=6)
    assert await _open(ann) == [second]
    assert [facts["role"] for _, facts in _mails(users)] == ["viewer", "admin"]
    action, _, _, before, after = events(users)[-1]
    assert (action, before["role"], after["role"]) == ("organization:invitation:update", "viewer", "admin")


async def test_inviting_a_member_changes_nothing(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "editor")
    mails = len(_mails(users))
    for email in (bob.email, ann.email):
        assert not (await ann.ask(InviteRequest(email=email, role="admin"))).HasField("invitation")
    assert (await bob.ask(GetOrganizationRequest())).organization.role == "editor"
    assert len(_mails(users)) == mails
    assert await _open(ann) == []


async def test_who_is_a_member_by_then_keeps_their_role(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    made = await _invited(ann, bob.email, "admin")
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) SELECT %s, id, 'viewer' FROM organizations", bob.id
    )
    assert (await bob.ask(AcceptInvitationRequest(id=made.id))).organization.role == "viewer"


async def test_it_is_declined_or_taken_back(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    await bob.ask(DeclineInvitationRequest(id=(await _invited(ann, bob.email)).id))
    taken = await _invited(ann, bob.email)
    await ann.ask(RevokeInvitationRequest(id=taken.id))
    assert await _open(ann) == await _mine(bob) == []
    for person, request in (
        (bob, AcceptInvitationRequest(id=taken.id)),
        (bob, DeclineInvitationRequest(id=taken.id)),
        (ann, RevokeInvitationRequest(id=taken.id)),
    ):
        assert await person.refusal(request) == "NOT_FOUND"
    assert users.count("memberships") == 1
    assert [event[0].rpartition(":")[2] for event in events(users)[1:]] == ["create", "decline", "create", "revoke"]


async def test_an_invitation_is_of_one_person_and_one_organization(users: Service) -> None:
    ann, bob, eve = await founder(users), await somebody(users, "bob"), await founder(users, "other", "eve")
    made = await _invited(ann, bob.email)
    for request in (AcceptInvitationRequest(id=made.id), DeclineInvitationRequest(id=made.id)):
        assert await eve.refusal(request) == "NOT_FOUND"
    assert await eve.refusal(RevokeInvitationRequest(id=made.id)) == "NOT_FOUND"
    assert await _mine(eve) == await _open(eve) == []
    for name in ("made-up", "0" * 32, "\x01"):
        assert await bob.refusal(AcceptInvitationRequest(id=name)) == "NOT_FOUND"
    await bob.ask(AcceptInvitationRequest(id=made.id))


@pytest.mark.parametrize(
    "ended", ["UPDATE invitations SET expires = now()", "UPDATE organizations SET deleted = now()"]
)
async def test_what_expired_or_leads_nowhere_is_not_open(users: Service, ended: str) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    made = await _invited(ann, bob.email)
    users.execute(ended)
    assert await _mine(bob) == []
    assert await bob.refusal(AcceptInvitationRequest(id=made.id)) == "NOT_FOUND"
    async with users.database.begin() as session:
        assert not await invitations.open_for(session, bob.email)


async def test_accepting_twice_at_once_happens_once(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    made = await _invited(ann, bob.email)
    calls = [await bob.prepared(AcceptInvitationRequest(id=made.id)) for _ in range(3)]
    assert sorted(await asyncio.gather(*(call.outcome() for call in calls))) == ["NOT_FOUND"] * 2 + ["OK"]


async def test_it_is_accepted_or_taken_back_and_never_both(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    for _ in range(5):
        made = await _invited(ann, bob.email)
        calls = [
            await bob.prepared(AcceptInvitationRequest(id=made.id)),
            await ann.prepared(RevokeInvitationRequest(id=made.id)),
        ]
        accepted, revoked = await asyncio.gather(*(call.outcome() for call in calls))
        assert sorted((accepted, revoked)) == ["NOT_FOUND", "OK"]
        assert users.count("memberships") == 1 + (accepted == "OK")
        users.execute("DELETE FROM memberships WHERE user_id = %s", bob.id)


async def test_inviting_and_accepting_at_once_leaves_no_invitation_of_a_member(users: Service) -> None:
    ann, bob = await founder(users), await somebody(users, "bob")
    for _ in range(5):
        made = await _invited(ann, bob.email)
        calls = [
            await bob.prepared(AcceptInvitationRequest(id=made.id)),
            await ann.prepared(InviteRequest(email=bob.email, role="admin")),
        ]
        assert await asyncio.gather(*(call.outcome() for call in calls)) == ["OK", "OK"]
        assert await _open(ann) == []
        users.execute("DELETE FROM memberships WHERE user_id = %s", bob.id)


async def test_of_many_invitations_of_one_address_at_once_there_is_one(users: Service) -> None:
    ann = await founder(users)
    calls = [await ann.prepared(InviteRequest(email="bob@example.org")) for _ in range(4)]
    assert await asyncio.gather(*(call.outcome() for call in calls)) == ["OK"] * 4
    assert users.count("invitations") == 1


async def test_open_invitations_are_bounded(users: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "LIMIT", 2)
    ann = await founder(users)
    calls = [await ann.prepared(InviteRequest(email=f"p{number}@example.org")) for number in range(4)]
    outcomes = await asyncio.gather(*(call.outcome() for call in calls))
    assert sorted(outcomes) == ["LIMIT_EXCEEDED"] * 2 + ["OK"] * 2
    known = (await _open(ann))[0]
    assert (await _invited(ann, known.email)).id == known.id
    await ann.ask(RevokeInvitationRequest(id=known.id))
    await _invited(ann, "another@example.org")


async def test_mails_to_one_address_and_by_one_person_are_limited(users: Service) -> None:
    ann, eve = await founder(users), await founder(users, "other", "eve")
    users.execute("UPDATE rates SET restored = now() + interval '1 day' WHERE name = 'mail'")
    await _invited(ann, "bob@example.org")
    users.execute("UPDATE rates SET restored = now() + interval '1 day' WHERE name = 'mail'")
    assert await eve.refusal(InviteRequest(email="bob@example.org")) == "RATE_EXCEEDED"
    await _invited(eve, "new@example.org")
    users.execute("UPDATE rates SET restored = now() + interval '1 day' WHERE name = 'invitation'")
    assert await ann.refusal(InviteRequest(email="another@example.org")) == "RATE_EXCEEDED"
    assert len(_mails(users)) == 2


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (InviteRequest(), "email"),
        (InviteRequest(email="nonsense"), "email"),
        (InviteRequest(email="x" * 255), "email"),
        (InviteRequest(email="bob@example.org", role="owner"), "role"),
        (RevokeInvitationRequest(), "id"),
        (AcceptInvitationRequest(), "id"),
        (DeclineInvitationRequest(id="x" * 65), "id"),
    ],
)
async def test_bad_input_is_named(users: Service, request_: Message, field: str) -> None:
    ann = await founder(users)
    assert await ann.bad_field(request_) == field
    assert users.count("invitations") == users.count("outbox") == 0


async def test_who_was_demoted_a_moment_ago_invites_nobody(users: Service) -> None:
    ann = await founder(users)
    bob = await joined(users, ann, "bob", "admin")
    late = await bob.prepared(InviteRequest(email="eve@example.org"))
    await ann.ask(UpdateMemberRequest(id=bob.id, role="editor"))
    assert await late.outcome() == "PERMISSION_DENIED"
    assert await _open(ann) == []
    assert (events(users)[-1][:2], events(users)[-1][4]) == (
        ("organization:invitation:create", True),
        {"reason": "PERMISSION_DENIED"},
    )


def test_nobody_gives_a_role_greater_than_their_own() -> None:
    every = list(Role)
    for own in every:
        for given in every:
            if every.index(given) <= every.index(own):
                members.check_grant(own, given)
            else:
                with pytest.raises(ServiceError):
                    members.check_grant(own, given)


async def test_nobody_joins_more_than_so_many(users: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "LIMIT", 2)
    bob = await founder(users, "bobs", "bob")
    inviters = [await founder(users, name, f"{name}-admin") for name in ("one", "two", "three")]
    calls = [
        await bob.prepared(AcceptInvitationRequest(id=(await _invited(inviter, bob.email)).id)) for inviter in inviters
    ]
    outcomes = await asyncio.gather(*(call.outcome() for call in calls))
    assert sorted(outcomes) == ["LIMIT_EXCEEDED"] * 2 + ["OK"]
    assert len(await _mine(bob)) == 2
