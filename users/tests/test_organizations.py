"""Organizations over gRPC: made, listed, renamed, deleted."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from google.protobuf.message import Message

from mesh.access import rules
from scope.auth.v1.access_pb2 import Caller
from scope.users.v1 import organizations_pb2 as said
from scope.users.v1.organizations_pb2 import (
    CreateOrganizationRequest,
    DeleteOrganizationRequest,
    GenerateOrganizationIdRequest,
    GetOrganizationRequest,
    ListOrganizationsRequest,
    ListRolesRequest,
    UpdateOrganizationRequest,
)
from users import names, organizations, roles
from users.settings import UsersSettings
from users.tables import Role
from users.tests.calling import rpc_of
from users.tests.conftest import LOOKUP, PUBLISH, Service, denial
from users.tests.people import Somebody, events, founder, joined, somebody, token_of

_GENERATED = re.compile(r"[a-z]+-[a-z]+-\d{2,12}")


@pytest.fixture
def settings(settings: UsersSettings) -> UsersSettings:
    """A person may make three organizations."""
    return settings.model_copy(update={"organizations_per_person": 3})


async def _listed(person: Somebody) -> list[str]:
    return [found.id for found in (await person.ask(ListOrganizationsRequest())).organizations]


async def test_who_makes_an_organization_administers_it_at_once(users: Service) -> None:
    ann = await somebody(users, "ann")
    assert await _listed(ann) == []
    made = (await ann.ask(CreateOrganizationRequest(id="Acme", name=" Acme Ltd. "))).organization
    assert (made.id, made.name, made.role) == ("acme", "Acme Ltd.", "admin")
    assert list(made.permissions) == list(roles.PERMISSIONS[Role.ADMIN])
    assert (await ann.ask(GetOrganizationRequest())).organization == made
    assert (await ann.within("acme").ask(ListOrganizationsRequest())).organizations == [made]
    assert [event[0] for event in events(users)] == ["organization:organization:create"]
    assert events(users)[0][4] == {"id": "acme", "name": "Acme Ltd."}


async def test_an_id_is_made_up_for_who_chooses_none(users: Service) -> None:
    ann = await somebody(users, "ann")
    offered = (await ann.ask(GenerateOrganizationIdRequest())).id
    assert _GENERATED.fullmatch(offered)
    made = (await ann.ask(CreateOrganizationRequest(name="  "))).organization
    assert _GENERATED.fullmatch(made.id)
    assert made.name == made.id


async def test_what_is_made_up_is_free_and_asked_for_a_bounded_number_of_times(
    users: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await founder(users, "calm-river-01")

    def candidates() -> Iterator[str]:
        return iter(["calm-river-01", "calm-river-01", "calm-river-0002"])

    monkeypatch.setattr(names, "candidates", candidates)
    assert (await ann.ask(GenerateOrganizationIdRequest())).id == "calm-river-0002"
    assert (await ann.ask(CreateOrganizationRequest())).organization.id == "calm-river-0002"
    assert await ann.refusal(CreateOrganizationRequest()) == "ALREADY_EXISTS"


def test_made_up_ids_have_more_digits_the_more_are_taken() -> None:
    tried = list(names.candidates())
    assert all(_GENERATED.fullmatch(name) for name in tried)
    lengths = [len(name.rpartition("-")[2]) for name in tried]
    assert lengths[0] == 2
    assert lengths == sorted(lengths)
    assert lengths[-1] == 12


async def test_an_id_is_never_used_twice(users: Service) -> None:
    ann, bob = await founder(users, "acme"), await somebody(users, "bob")
    assert await bob.refusal(CreateOrganizationRequest(id="ACME")) == "ALREADY_EXISTS"
    await ann.ask(DeleteOrganizationRequest(confirm="acme"))
    assert await ann.refusal(CreateOrganizationRequest(id="acme")) == "ALREADY_EXISTS"
    users.execute("UPDATE organizations SET purged = now()")
    assert await bob.refusal(CreateOrganizationRequest(id="acme")) == "ALREADY_EXISTS"
    assert users.count("organizations") == 1


async def test_of_many_who_want_one_id_at_once_one_gets_it(users: Service) -> None:
    people = [await somebody(users, f"p{number}") for number in range(5)]
    calls = [await person.prepared(CreateOrganizationRequest(id="acme")) for person in people]
    outcomes = await asyncio.gather(*(call.outcome() for call in calls))
    assert sorted(outcomes) == ["ALREADY_EXISTS"] * 4 + ["OK"]
    assert users.count("memberships") == 1


async def test_a_person_makes_so_many_however_they_are_asked_for(users: Service) -> None:
    ann = await somebody(users, "ann")
    calls = [await ann.prepared(CreateOrganizationRequest()) for _ in range(6)]
    outcomes = await asyncio.gather(*(call.outcome() for call in calls))
    assert sorted(outcomes) == ["LIMIT_EXCEEDED"] * 3 + ["OK"] * 3
    first = (await _listed(ann))[0]
    await ann.within(first).ask(DeleteOrganizationRequest(confirm=first))
    await ann.ask(CreateOrganizationRequest())
    assert await ann.refusal(CreateOrganizationRequest()) == "LIMIT_EXCEEDED"


async def test_trying_ids_is_limited(users: Service, settings: UsersSettings) -> None:
    ann = await founder(users, "acme")
    users.execute("UPDATE rates SET restored = now() + interval '1 day' WHERE name = 'organization'")
    assert await ann.refusal(CreateOrganizationRequest(id="acme")) == "RATE_EXCEEDED"
    assert await (await somebody(users, "bob")).refusal(CreateOrganizationRequest(id="acme")) == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (CreateOrganizationRequest(id="a b"), "id"),
        (CreateOrganizationRequest(id="-a"), "id"),
        (CreateOrganizationRequest(id="\u00e4"), "id"),
        (CreateOrganizationRequest(id="x" * 64), "id"),
        (CreateOrganizationRequest(id="a", name="x" * 101), "name"),
        (CreateOrganizationRequest(id="a", name="a\nb"), "name"),
        (UpdateOrganizationRequest(name=""), "name"),
        (UpdateOrganizationRequest(name="   "), "name"),
        (UpdateOrganizationRequest(name="x" * 101), "name"),
        (DeleteOrganizationRequest(), "confirm"),
        (DeleteOrganizationRequest(confirm="ACME"), "confirm"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(users: Service, request_: Message, field: str) -> None:
    ann = await founder(users)
    before = users.text("organizations")
    assert await ann.bad_field(request_) == field
    assert users.text("organizations") == before


async def test_a_name_changes_and_the_id_does_not(users: Service) -> None:
    ann = await founder(users)
    longest = "\u00fc" * 100
    answer = (await ann.ask(UpdateOrganizationRequest(name=longest))).organization
    assert (answer.id, answer.name) == ("acme", longest)
    await ann.ask(UpdateOrganizationRequest(name=longest))
    changes = [event[3:] for event in events(users) if event[0].endswith("organization:update")]
    assert changes == [({"name": "acme"}, {"name": longest})]


async def test_what_is_deleted_is_nobodys_at_once(users: Service) -> None:
    ann = await founder(users)
    created = await users.organization("roomy", ann.email)
    here = ann.within("roomy")
    identity = await users.identity(LOOKUP, **here.headers)
    held = [(identity.credential, identity.organization)]
    assert all(await users.renew(*held))
    await here.ask(DeleteOrganizationRequest(confirm="roomy"))
    assert await users.renew(*held) == [None]
    assert await _listed(ann) == ["acme"]
    for secret in (created.api_token, created.service_token):
        assert denial(await users.check(PUBLISH, authorization=f"Bearer {secret}")) == (401, "CREDENTIAL_INVALID")
    refused, unknown = [
        await users.check(rpc_of(GetOrganizationRequest()), **ann.within(name).headers) for name in ("roomy", "nobody")
    ]
    assert refused.denied_response.body == unknown.denied_response.body.replace("nobody", "roomy")
    assert (await ann.ask(GetOrganizationRequest())).organization.id == "acme"


async def test_deleting_twice_at_once_happens_once(users: Service) -> None:
    ann = await founder(users)
    calls = [await ann.prepared(DeleteOrganizationRequest(confirm="acme")) for _ in range(2)]
    assert sorted(await asyncio.gather(*(call.outcome() for call in calls))) == ["NOT_FOUND", "OK"]
    assert [event[0] for event in events(users)].count("organization:organization:delete") == 1


async def test_a_wrong_confirmation_is_recorded(users: Service) -> None:
    ann = await founder(users)
    await ann.refusal(DeleteOrganizationRequest(confirm="another"))
    action, refused, _, _, after = events(users)[-1]
    assert (action, refused, after) == ("organization:organization:delete", True, {"reason": "INVALID_FIELD"})


async def test_a_token_sees_its_own_organization_and_makes_and_deletes_none(users: Service) -> None:
    ann = await founder(users)
    created = await users.organization("other", ann.email)
    token = token_of(ann, created.api_token)
    assert await _listed(token) == ["other"]
    for request in (CreateOrganizationRequest(), DeleteOrganizationRequest(confirm="other")):
        assert await token.refusal(request) == "SESSION_REQUIRED"
    users.execute("UPDATE api_tokens SET permissions = '{member.view,token.manage}'")
    users.clock.seconds += 2
    narrowed = (await token.ask(GetOrganizationRequest())).organization
    assert (narrowed.role, set(narrowed.permissions)) == ("admin", {"member.view", "token.manage"})
    assert await token.refusal(UpdateOrganizationRequest(name="x")) == "PERMISSION_DENIED"


async def test_the_roles_are_listed(users: Service) -> None:
    found = (await (await somebody(users, "ann")).ask(ListRolesRequest())).roles
    assert [role.id for role in found] == ["viewer", "editor", "admin"]
    assert [list(role.permissions) for role in found] == [list(roles.PERMISSIONS[role]) for role in Role]


def _requests() -> list[Message]:
    """A request for each RPC that a member makes."""
    filled: dict[str, Message] = {
        "UpdateOrganization": UpdateOrganizationRequest(name="x"),
        "DeleteOrganization": DeleteOrganizationRequest(confirm="x"),
        "UpdateMember": said.UpdateMemberRequest(id="x", role="viewer"),
        "RemoveMember": said.RemoveMemberRequest(id="x"),
        "Invite": said.InviteRequest(email="x@example.org"),
        "RevokeInvitation": said.RevokeInvitationRequest(id="x"),
    }
    every = [
        filled.get(name.removesuffix("Request"), getattr(said, name)())
        for name in said.DESCRIPTOR.message_types_by_name
        if name.endswith("Request")
    ]
    return [one for one in every if any(rule.caller == Caller.CALLER_ORG_MEMBER for rule in rules(rpc_of(one)))]


_FOR_EVERY_MEMBER = {"GetOrganization", "ListMembers", "Leave"}


async def test_viewers_and_editors_look_and_leave_and_administrators_do_everything(users: Service) -> None:
    ann = await founder(users)
    bob, eve = await joined(users, ann, "bob", "viewer"), await joined(users, ann, "eve", "editor")
    asked = _requests()
    assert len(asked) == 10
    for request in asked:
        name = rpc_of(request).rpartition("/")[2]
        for person, admitted in ((ann, True), (bob, name in _FOR_EVERY_MEMBER), (eve, name in _FOR_EVERY_MEMBER)):
            answer = await users.check(rpc_of(request), **person.headers)
            assert answer.HasField("ok_response") == admitted, (name, person.email)
            if not admitted:
                assert denial(answer) == (403, "PERMISSION_DENIED")


async def test_a_generated_id_is_tried_again_where_somebody_was_faster(
    users: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await founder(users, "calm-river-01")

    def candidates() -> Iterator[str]:
        return iter(["calm-river-01", "calm-river-02"])

    monkeypatch.setattr(names, "candidates", candidates)
    async with users.database.begin() as session:
        assert await organizations.free_slug(session) == "calm-river-02"
    assert (await ann.ask(CreateOrganizationRequest())).organization.id == "calm-river-02"
