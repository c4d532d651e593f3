"""What Check answers, asked as Envoy asks."""

import base64
from collections.abc import Iterable

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from mesh import access
from scope.auth.v1.access_pb2 import Caller
from scope.edge.v1.authorization_pb2 import HeaderValueOption
from users import roles
from users.tables import Role
from users.tests.conftest import LIST_TOKENS, LOGIN, LOOKUP, PUBLIC_URL, PUBLISH, RENAME, Service, denial, injected


async def test_a_token_becomes_an_identity_for_the_rpc_asked_for(users: Service) -> None:
    created = await users.organization("acme")
    identity = await users.identity(LIST_TOKENS, authorization=f"Bearer {created.api_token}")
    assert identity.rpc == LIST_TOKENS
    assert identity.audience == "scope.users.v1.TokenService"
    assert identity.caller == Caller.CALLER_USER
    assert identity.credential.startswith("api:")
    assert set(identity.permissions) == set(roles.LEAST)
    answer = await users.check(LIST_TOKENS, authorization=f"Bearer {created.api_token}")
    assert injected(answer, "x-scope-tenant") == identity.organization
    assert len(identity.organization) == 32


async def test_credentials_do_not_go_on_and_the_tenant_is_never_the_callers(users: Service) -> None:
    created = await users.organization("acme")
    private = await users.check(LOOKUP, authorization=f"Bearer {created.api_token}")
    public = await users.check(LOGIN)
    assert {"authorization", "cookie"} <= set(private.ok_response.headers_to_remove)
    assert {"authorization", "cookie", "x-scope-tenant"} <= set(public.ok_response.headers_to_remove)


async def test_both_spellings_of_a_token_are_equal(users: Service) -> None:
    created = await users.organization("acme")
    spellings = ("Bearer {}", "bearer {}", "Scope-Probe token={}", "scope-probe TOKEN={}")
    found = [await users.identity(PUBLISH, authorization=text.format(created.service_token)) for text in spellings]
    assert {identity.caller for identity in found} == {Caller.CALLER_PROBE}
    assert len({identity.credential for identity in found}) == 1


async def test_anybody_may_call_what_is_public_even_with_a_bad_credential_and_without_a_database(
    users: Service,
) -> None:
    users.away(away=True)
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        identity = await users.identity(LOGIN, method="POST", **headers)
        assert identity.caller == Caller.CALLER_PUBLIC
        assert not identity.permissions
    users.away(away=False)


async def test_missing_malformed_and_unknown_credentials_are_refused_alike(users: Service) -> None:
    created = await users.organization("acme")
    cookie = await users.cookie()
    session = cookie.partition("=")[2]
    wrong = [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer scope_api_" + "A" * 43},
        {"authorization": "Bearer scope_api_" + "é" * 43},
        {"authorization": "Bearer scope_api_\x00" + "A" * 42},
        {"authorization": "Bearer " + "A" * 100_000},
        {"authorization": f"Basic {created.api_token}"},
        {"authorization": f"Bearer {created.api_token},Bearer {created.api_token}"},
        {"authorization": f"Bearer {session}"},  # a session is a cookie's
        {"authorization": f"Bearer {await users.login_secret()}"},  # and a link is a link
        {"authorization": "Bearer nonsense", "cookie": cookie},  # the header decides, there is no second try
        {"cookie": f"scope={created.api_token}"},
        {"cookie": f"__Host-{cookie}"},
        {"cookie": "scope=" + "A" * 60_000},
    ]
    answers = [await users.check(LOOKUP, **headers) for headers in wrong]
    assert {denial(answer) for answer in answers} == {(401, "CREDENTIAL_INVALID")}
    assert len({answer.denied_response.body for answer in answers}) == 1
    assert denial(await users.check(LOOKUP)) == (401, "CREDENTIAL_INVALID")


async def test_a_session_is_taken_from_among_other_cookies(users: Service) -> None:
    await users.organization("acme")
    cookie = await users.cookie()
    identity = await users.identity(LOOKUP, cookie=f"theme=dark; {cookie};scope2=x")
    assert identity.credential.startswith("session:")


async def test_a_probe_is_not_a_person_and_a_person_not_a_probe(users: Service) -> None:
    created = await users.organization("acme")
    for rpc, token in ((LOOKUP, created.service_token), (PUBLISH, created.api_token)):
        assert denial(await users.check(rpc, authorization=f"Bearer {token}")) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("rpc", ["", "/nope.Nope/Nope", "/scope.users.v1.IdentityService/Renew"])
async def test_an_rpc_that_is_unknown_or_not_for_outside_is_nobodys(users: Service, rpc: str) -> None:
    created = await users.organization("acme")
    answer = await users.check(rpc, authorization=f"Bearer {created.api_token}")
    assert denial(answer) == (403, "PERMISSION_DENIED")


async def test_every_rule_of_the_contracts_is_held(users: Service) -> None:
    """Every RPC with every kind of credential."""
    created = await users.organization("acme")
    senders: dict[Caller.ValueType, dict[str, str]] = {
        Caller.CALLER_PUBLIC: {},
        Caller.CALLER_USER: {"authorization": f"Bearer {created.api_token}"},
        Caller.CALLER_PROBE: {"authorization": f"Bearer {created.service_token}"},
    }
    for rpc in access.rpcs():
        callers = {rule.caller for rule in access.rules(rpc) if not rule.session}
        people = {Caller.CALLER_USER, Caller.CALLER_ORG_MEMBER}
        for sender, headers in senders.items():
            admitted = Caller.CALLER_PUBLIC in callers or sender in callers
            admitted = admitted or (sender == Caller.CALLER_USER and bool(callers & people))
            answer = await users.check(rpc, **headers)
            assert (answer.WhichOneof("http_response") == "ok_response") == admitted, (rpc, sender)


async def test_a_viewer_may_look_and_not_manage(users: Service) -> None:
    created = await users.organization("acme")
    users.execute("UPDATE memberships SET role = 'viewer'")
    headers = {"authorization": f"Bearer {created.api_token}"}
    assert list((await users.identity(LOOKUP, **headers)).permissions) == list(roles.PERMISSIONS[Role.VIEWER])
    answer = await users.check(RENAME, content_type="application/grpc+proto", **headers)
    assert denial_details(answer.denied_response.headers).metadata == {"permission": "organization.update"}


def denial_details(headers: Iterable[HeaderValueOption]) -> error_details_pb2.ErrorInfo:
    """The details that a gRPC client gets."""
    found = {option.header.key: option.header.value for option in headers}
    encoded = found["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    assert found["grpc-status"] == str(status.code)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


async def unanswered(users: Service, **headers: str) -> str:
    """The reason why this replica cannot judge: a failure, so that the edge asks another one, and not a denial."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.check(LOOKUP, **headers)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    status = rpc_status.from_call(caught.value)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


class TestOrganizations:
    async def test_a_token_implies_its_own(self, users: Service) -> None:
        one, two = await users.organization("one"), await users.organization("two")
        found = [await users.identity(LIST_TOKENS, authorization=f"Bearer {made.api_token}") for made in (one, two)]
        assert found[0].organization != found[1].organization
        assert found[0].subject == found[1].subject
        same = await users.identity(LIST_TOKENS, authorization=f"Bearer {one.api_token}", x_scope_org="ONE")
        assert same.organization == found[0].organization

    async def test_one_that_is_not_the_callers_is_refused_like_one_that_is_not_there(self, users: Service) -> None:
        one = await users.organization("one")
        await users.organization("two", "bob@example.org")
        for token in (one.api_token, one.service_token):
            rpc = LIST_TOKENS if token == one.api_token else PUBLISH
            answers = [
                await users.check(rpc, authorization=f"Bearer {token}", x_scope_org=org) for org in ("two", "six")
            ]
            assert [denial(answer) for answer in answers] == [(403, "PERMISSION_DENIED")] * 2
            assert answers[0].denied_response.body.replace("two", "six") == answers[1].denied_response.body

    async def test_membership_decides_for_a_session(self, users: Service) -> None:
        await users.organization("one")
        await users.organization("two", "bob@example.org")
        cookie = await users.cookie()
        assert (await users.check(LIST_TOKENS, cookie=cookie)).HasField("ok_response")
        assert denial(await users.check(LIST_TOKENS, cookie=cookie, x_scope_org="two"))[0] == 403

    async def test_a_member_of_several_says_which(self, users: Service) -> None:
        await users.organization("one")
        await users.organization("two")
        cookie = await users.cookie()
        assert denial(await users.check(LIST_TOKENS, cookie=cookie)) == (400, "ORGANIZATION_REQUIRED")
        assert (await users.identity(LOOKUP, cookie=cookie)).organization == ""
        by_header = await users.check(LIST_TOKENS, cookie=cookie, x_scope_org="two")
        by_query = await users.check(LIST_TOKENS, cookie=cookie, path="/api/users/tokens?a=1&org=two")
        assert injected(by_header, "x-scope-tenant") == injected(by_query, "x-scope-tenant")
        assert list(by_query.ok_response.query_parameters_to_remove) == ["org"]

    async def test_two_different_wishes_are_a_mistake(self, users: Service) -> None:
        await users.organization("one")
        await users.organization("two")
        cookie = await users.cookie()
        answer = await users.check(LIST_TOKENS, cookie=cookie, path="/x?org=one", x_scope_org="two")
        assert denial(answer) == (400, "INVALID_FIELD")

    async def test_a_deleted_one_is_gone_for_all_its_credentials(self, users: Service) -> None:
        created = await users.organization("acme")
        cookie = await users.cookie()
        users.execute("UPDATE organizations SET deleted = now()")
        for rpc, token in ((LOOKUP, created.api_token), (PUBLISH, created.service_token)):
            assert denial(await users.check(rpc, authorization=f"Bearer {token}"))[0] == 401
        assert denial(await users.check(LIST_TOKENS, cookie=cookie))[0] == 403
        assert (await users.check(LOOKUP, cookie=cookie)).HasField("ok_response")


class TestOrigin:
    """See test_origins for whose is whose."""

    async def test_another_sites_page_changes_nothing_whoever_is_signed_in(self, users: Service) -> None:
        created = await users.organization("acme")
        cookie = await users.cookie()
        foreign = {"method": "POST", "origin": "http://evil.example"}
        for rpc, credential in (
            (LOGIN, {}),
            (LOOKUP, {"cookie": cookie}),
            (LOOKUP, {"authorization": f"Bearer {created.api_token}"}),
            (PUBLISH, {"authorization": f"Bearer {created.service_token}"}),
        ):
            assert denial(await users.check(rpc, **foreign, **credential)) == (403, "FOREIGN_ORIGIN")
            own = await users.check(rpc, method="POST", origin=PUBLIC_URL, **credential)
            assert own.HasField("ok_response")

    async def test_a_name_that_leads_here_is_not_ours_for_that(self, users: Service) -> None:
        answer = await users.check(LOGIN, method="POST", host="rebound.example", origin="http://rebound.example")
        assert denial(answer) == (403, "FOREIGN_ORIGIN")

    async def test_reading_and_programs_are_not_concerned(self, users: Service) -> None:
        created = await users.organization("acme")
        headers = {"authorization": f"Bearer {created.api_token}"}
        assert (await users.check(LOOKUP, origin="http://evil.example", **headers)).HasField("ok_response")
        grpc_call = await users.check(LOOKUP, method="POST", content_type="application/grpc", **headers)
        assert grpc_call.HasField("ok_response")


class TestAddress:
    @pytest.mark.parametrize(
        ("told", "known"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("", ""),
            ("192.0.2.1, 192.0.2.2", ""),
            ("192.0.2.1:80", ""),
        ],
    )
    async def test_the_edges_word_for_it_is_in_every_identity(self, users: Service, told: str, known: str) -> None:
        created = await users.organization("acme")
        for rpc, headers in (
            (LOGIN, {}),
            (LOOKUP, {"cookie": await users.cookie()}),
            (LOOKUP, {"authorization": f"Bearer {created.api_token}"}),
            (PUBLISH, {"authorization": f"Bearer {created.service_token}"}),
        ):
            identity = await users.identity(rpc, x_scope_address=told, x_forwarded_for="203.0.113.9", **headers)
            assert identity.address == known


class TestMemory:
    """Two seconds for a credential, nothing for a failure."""

    async def test_a_revocation_is_felt_after_two_seconds(self, users: Service) -> None:
        created = await users.organization("acme")
        headers = {"authorization": f"Bearer {created.api_token}"}
        await users.identity(LOOKUP, **headers)
        users.execute("UPDATE api_tokens SET revoked = now()")
        users.clock.seconds += 1.9
        assert (await users.check(LOOKUP, **headers)).HasField("ok_response")
        users.clock.seconds += 0.1
        assert denial(await users.check(LOOKUP, **headers)) == (401, "CREDENTIAL_INVALID")

    async def test_a_changed_role_is_in_the_next_token(self, users: Service) -> None:
        created = await users.organization("acme")
        headers = {"authorization": f"Bearer {created.api_token}"}
        assert "token.manage" in (await users.identity(LOOKUP, **headers)).permissions
        users.execute("UPDATE memberships SET role = 'editor'")
        users.clock.seconds += 2.0
        assert "token.manage" not in (await users.identity(LOOKUP, **headers)).permissions

    async def test_a_refusal_is_not_remembered(self, users: Service) -> None:
        created = await users.organization("acme")
        headers = {"authorization": f"Bearer {created.api_token}"}
        users.execute("UPDATE users SET disabled = now()")
        assert denial(await users.check(LOOKUP, **headers))[0] == 401
        users.execute("UPDATE users SET disabled = NULL")
        assert (await users.check(LOOKUP, **headers)).HasField("ok_response")

    async def test_the_database_away_is_no_answer_and_not_remembered(self, users: Service) -> None:
        created = await users.organization("acme")
        cookie = await users.cookie()
        users.away(away=True)
        for headers in ({"authorization": f"Bearer {created.api_token}"}, {"cookie": cookie}):
            assert await unanswered(users, **headers) == "IDENTITY_UNAVAILABLE"
        assert denial(await users.check(LOOKUP)) == (401, "CREDENTIAL_INVALID")
        users.away(away=False)
        for headers in ({"authorization": f"Bearer {created.api_token}"}, {"cookie": cookie}):
            assert (await users.check(LOOKUP, **headers)).HasField("ok_response")

    async def test_what_is_remembered_answers_without_the_database(self, users: Service) -> None:
        created = await users.organization("acme")
        headers = {"authorization": f"Bearer {created.api_token}"}
        await users.identity(LOOKUP, **headers)
        users.away(away=True)
        users.clock.seconds += 1.9
        await users.identity(LOOKUP, **headers)
        users.clock.seconds += 0.1
        assert await unanswered(users, **headers) == "IDENTITY_UNAVAILABLE"
        users.away(away=False)

    async def test_tables_that_are_not_there_yet_are_no_answer(self, users: Service) -> None:
        created = await users.organization("acme")
        users.execute("ALTER TABLE api_tokens RENAME TO elsewhere")
        assert await unanswered(users, authorization=f"Bearer {created.api_token}") == "IDENTITY_UNAVAILABLE"


async def test_a_grpc_client_gets_the_grpc_status(users: Service) -> None:
    answer = await users.check(LOOKUP, method="POST", content_type="application/grpc")
    assert answer.status.code == grpc.StatusCode.UNAUTHENTICATED.value[0]
    assert denial_details(answer.denied_response.headers).reason == "CREDENTIAL_INVALID"


async def test_what_was_granted_through_another_replica_counts_at_once(users: Service) -> None:
    created = await users.organization("acme")
    users.execute("UPDATE memberships SET role = 'viewer'")
    headers = {"authorization": f"Bearer {created.api_token}"}
    assert denial(await users.check(RENAME, **headers)) == (403, "PERMISSION_DENIED")
    users.execute("UPDATE memberships SET role = 'admin'")
    assert (await users.identity(RENAME, **headers)).organization
    cookie = await users.cookie()
    await users.identity(LOOKUP, cookie=cookie)
    await users.organization("second")
    assert (await users.identity(RENAME, cookie=cookie, x_scope_org="second")).organization
