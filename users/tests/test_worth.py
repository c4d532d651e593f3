"""What a credential is worth: in the answer to a request, and for the streams that are open with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest
import structlog.testing
from sqlalchemy import Executable, Row

from scope.auth.v1.identity_pb2 import Identity
from scope.users.v1.messages_pb2 import LoginRequest
from users import roles, secrets
from users.cache import FRESH
from users.secrets import Kind
from users.sessions import Rules
from users.settings import UsersSettings
from users.tests.calling import bearer, refused
from users.tests.conftest import LIST_TOKENS, LOOKUP, PUBLISH, Service, denial

#: The session, the API token, and the probe token.
ALL, NONE = [True, True, True], [False, False, False]


@dataclass
class Held:
    """A session, an API token and a probe token of one organization."""

    users: Service
    headers: list[dict[str, str]]
    names: list[tuple[str, str]]

    async def found(self) -> list[Identity | None]:
        """What Check finds them worth, when nothing is remembered."""
        self.users.clock.seconds += FRESH
        return [await self._found(rpc, sent) for rpc, sent in zip((LOOKUP, LOOKUP, PUBLISH), self.headers, strict=True)]

    async def _found(self, rpc: str, headers: dict[str, str]) -> Identity | None:
        answer = await self.users.check(rpc, **headers)
        if answer.HasField("ok_response"):
            return await self.users.identity(rpc, **headers)
        assert denial(answer) == (401, "CREDENTIAL_INVALID")
        return None

    async def good(self) -> list[bool]:
        """Which are worth something: to Check, and to Renew, which must agree."""
        found = [bool(identity) for identity in await self.found()]
        assert found == [bool(identity) for identity in await self.users.renew(*self.names)]
        return found


@pytest.fixture
async def held(users: Service) -> Held:
    created = await users.organization("acme")
    headers = [{"cookie": await users.cookie()}, bearer(created.api_token), bearer(created.service_token)]
    found = [await users.identity(rpc, **sent) for rpc, sent in zip((LOOKUP, LOOKUP, PUBLISH), headers, strict=True)]
    return Held(users, headers, [(identity.credential, identity.organization) for identity in found])


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE api_tokens SET expires = now() + interval '1 minute'", ALL),
        ("UPDATE api_tokens SET expires = now()", [True, False, True]),
        ("UPDATE probe_tokens SET expires = now() + interval '1 minute'", ALL),
        ("UPDATE probe_tokens SET expires = now()", [True, True, False]),
        ("UPDATE sessions SET expires = now()", [False, True, True]),
        ("UPDATE users SET approved = NULL", [False, False, True]),
        ("UPDATE users SET disabled = now()", [False, False, True]),
        ("UPDATE users SET disabled = now(); UPDATE users SET disabled = NULL", ALL),
    ],
)
async def test_time_and_the_persons_state_decide(held: Held, statement: str, left: list[bool]) -> None:
    for one in statement.split(";"):
        held.users.execute(one)
    assert await held.good() == left


@pytest.mark.parametrize(
    ("created", "used", "good"),
    [
        ("14 days -1 minute", None, True),
        ("14 days", None, False),
        ("29 days", "14 days -1 minute", True),
        ("29 days", "14 days", False),
    ],
)
async def test_a_session_that_was_not_used_for_two_weeks_is_nothing(
    held: Held, created: str, used: str | None, good: bool
) -> None:
    held.users.execute("UPDATE sessions SET created = now() - %s::interval", created)
    held.users.execute("UPDATE sessions SET last_used = now() - %s::interval", used)
    assert await held.good() == [good, True, True]


async def test_a_stream_that_is_open_is_use(held: Held) -> None:
    held.users.execute("UPDATE sessions SET last_used = now() - interval '13 days'")
    await held.users.renew(*held.names)
    await held.users.usage.write()
    for table in ("sessions", "api_tokens", "probe_tokens"):
        assert held.users.rows(f"SELECT last_used > now() - interval '1 minute' FROM {table}") == [(True,)]


async def test_what_ends_while_it_is_remembered_is_felt_within_two_seconds(held: Held) -> None:
    assert await held.good() == ALL
    for table in ("sessions", "api_tokens", "probe_tokens"):
        held.users.execute(f"UPDATE {table} SET expires = now()")
    assert await held.users.renew(*held.names) == [None] * 3
    assert [bool(identity) for identity in await held.found()] == NONE


async def test_an_api_token_does_what_its_permissions_and_the_role_have_in_common(held: Held) -> None:
    held.users.execute("UPDATE api_tokens SET permissions = %s", ["report.view", "token.manage", "no.such"])
    for role, common in (("admin", {"report.view", "token.manage"}), ("editor", {"report.view"})):
        held.users.execute("UPDATE memberships SET role = %s", role)
        _, api, _ = await held.found()
        _, renewed, _ = await held.users.renew(*held.names)
        assert api is not None
        assert renewed is not None
        assert set(api.permissions) == set(renewed.permissions) == common


async def test_no_token_administers_the_deployment(held: Held) -> None:
    assert held.users.rows("SELECT admin FROM users") == [(True,)]
    for identities in (await held.found(), await held.users.renew(*held.names)):
        assert [identity.admin for identity in identities if identity] == [True, False, False]


class TestRefusedOrganizations:
    """An administrator of the deployment refuses an organization, with a reason for those who are refused."""

    @pytest.mark.parametrize(
        ("refused", "outcomes"),
        [
            ("access_refused", [(403, "ORGANIZATION_REFUSED"), (403, "ORGANIZATION_REFUSED"), None]),
            ("upload_refused", [None, None, (403, "ORGANIZATION_REFUSED")]),
        ],
    )
    async def test_who_is_refused_is_told_why(
        self, held: Held, refused: str, outcomes: list[tuple[int, str] | None]
    ) -> None:
        held.users.execute(f"UPDATE organizations SET {refused} = true, refusal = 'unpaid: März'")
        rpcs = (LIST_TOKENS, LIST_TOKENS, PUBLISH)
        held.users.clock.seconds += FRESH
        for rpc, headers, outcome in zip(rpcs, held.headers, outcomes, strict=True):
            answer = await held.users.check(rpc, **headers)
            if outcome is None:
                assert answer.HasField("ok_response")
            else:
                assert denial(answer) == outcome
                assert answer.denied_response.body == "unpaid: März"

    async def test_open_streams_are_told_too_and_what_needs_no_organization_goes_on(self, held: Held) -> None:
        held.users.execute("UPDATE organizations SET access_refused = true, upload_refused = true, refusal = 'unpaid'")
        for identity in await held.users.renew(*held.names):
            assert identity is not None
            assert (identity.refused, list(identity.permissions)) == ("unpaid", [])
        held.users.clock.seconds += FRESH
        for headers in held.headers[:2]:
            assert (await held.users.check(LOOKUP, **headers)).HasField("ok_response")

    async def test_one_organization_is_refused_and_another_is_not(self, held: Held) -> None:
        await held.users.organization("other")
        held.users.execute("UPDATE organizations SET access_refused = true, refusal = 'unpaid' WHERE slug = 'acme'")
        held.users.clock.seconds += FRESH
        cookie = held.headers[0]
        assert denial(await held.users.check(LIST_TOKENS, x_scope_org="acme", **cookie))[1] == "ORGANIZATION_REFUSED"
        assert (await held.users.check(LIST_TOKENS, x_scope_org="other", **cookie)).HasField("ok_response")


async def test_an_organizations_own_limits_go_with_its_identities(held: Held) -> None:
    held.users.execute("UPDATE organizations SET probes = 0, reports_per_second = 7")
    for identities in (await held.found(), await held.users.renew(*held.names)):
        assert [dict(one.limits) for one in identities if one] == [{"probes": 0, "reports_per_second": 7}] * 3
    held.users.execute("UPDATE organizations SET probes = NULL")
    assert [dict(one.limits) for one in await held.found() if one] == [{"reports_per_second": 7}] * 3


def test_how_long_sessions_are_good_can_be_said(settings: UsersSettings) -> None:
    said = settings.model_copy(update={"session_idle": 3600.0, "session_lifetime": 86_400.0})
    assert Rules.of(said) == Rules(timedelta(hours=1), timedelta(days=1))


async def test_permissions_are_those_of_the_role(held: Held) -> None:
    held.users.execute("UPDATE memberships SET role = 'editor'")
    session, api, probe = await held.found()
    assert session is not None
    assert api is not None
    assert probe is not None
    assert list(session.permissions) == list(api.permissions) == list(roles.PERMISSIONS["editor"])
    assert list(probe.permissions) == list(roles.PROBE)


class TestWhatOthersGotWrong:
    """Mistakes that were made with credentials elsewhere."""

    async def test_a_request_costs_one_query_and_writes_nothing(
        self, held: Held, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[object] = []
        read = held.users.database.read

        async def counted(statement: Executable, values: Mapping[str, object]) -> Sequence[Row[Any]]:
            asked.append(statement)
            return await read(statement, values)

        monkeypatch.setattr(held.users.database, "read", counted)
        monkeypatch.setattr(held.users.database, "begin", None)
        for rpc, headers in zip((LIST_TOKENS, LIST_TOKENS, PUBLISH), held.headers, strict=True):
            held.users.clock.seconds += FRESH
            assert (await held.users.check(rpc, **headers)).HasField("ok_response")
        assert len(asked) == 3

    async def test_a_session_is_not_renewed_by_requests(self, held: Held) -> None:
        """Answers that are under way would undo a sign-out."""
        before = held.users.text("sessions")
        answer = await held.users.check(LOOKUP, **held.headers[0])
        assert {option.header.key for option in answer.ok_response.headers} == {"x-scope-identity", "x-scope-tenant"}
        assert held.users.text("sessions") == before

    async def test_no_secret_is_logged(self, held: Held) -> None:
        wrong = [bearer(secrets.generate(Kind.API)), {"cookie": f"scope={secrets.generate(Kind.SESSION)}"}]
        with structlog.testing.capture_logs() as logs:
            for headers in (*held.headers, *wrong):
                await held.users.check(LIST_TOKENS, **headers)
            await refused(held.users, LoginRequest(token=secrets.generate(Kind.LOGIN)))
            held.users.execute("ALTER TABLE api_tokens RENAME TO elsewhere")
            with pytest.raises(grpc.aio.AioRpcError):
                await held.users.check(LIST_TOKENS, **wrong[0])
        assert logs
        assert "scope_" not in str(logs)
