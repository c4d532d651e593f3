"""Signing up: one form for everybody, and what becomes of it by mail."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import timedelta

import grpc
import pytest
from sqlalchemy import event, func, insert
from structlog.testing import capture_logs

from conftest import MailServer
from deploy.tests.waiting import until
from mesh.errors import ServiceError
from mesh.rates import Rate
from scope.users.v1.messages_pb2 import SignUpRequest, SignUpResponse
from scope.users.v1.service_pb2_grpc import SessionServiceStub
from users import accounts, build
from users.correspondence import sending
from users.mail import Occasion, Server, address, post
from users.settings import UsersSettings
from users.tables import Invitation, Organization, new_id
from users.tests.conftest import Service
from users.tests.test_sign_in import reason

SIGN_UP = "/scope.users.v1.SessionService/SignUp"
SUBJECTS = {
    "sign_in": "Your link to sign in to Scope",
    "welcome": "You are on the list for Scope",
    "approved": "Your Scope account is approved",
    "not_invited": "You have no account on Scope",
}

Sending = Callable[[str], AbstractAsyncContextManager[None]]


@pytest.fixture
def sends(settings: UsersSettings, users: Service, mail_server: MailServer) -> Sending:
    """Sends what is in the outbox, where accounts are made as it is told."""
    way = {"smtp_url": Server.parse(mail_server.url), "mail_from": address("Scope <scope@scope.example>")}
    return lambda signup: sending(settings.model_copy(update={"signup": signup, **way}), users.database)


async def sign_up(users: Service, email: str) -> SignUpResponse:
    metadata = await users.metadata(SIGN_UP, method="POST")
    answer: SignUpResponse = await SessionServiceStub(users.channel).SignUp(
        SignUpRequest(email=email), metadata=metadata
    )
    return answer


async def refusal(users: Service, email: str) -> tuple[grpc.StatusCode, str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sign_up(users, email)
    return caught.value.code(), reason(caught.value), caught.value.details() or ""


async def settled(users: Service) -> None:
    """Waits until there is nothing more to do about any mail."""
    await until(lambda: not users.rows("SELECT 1 FROM outbox WHERE done IS NULL"), within=20)


async def letters(users: Service, mail_server: MailServer, *emails: str) -> list[str]:
    """Who sign up one after the other, and what each is sent; a link is shown as one."""
    for email in emails:
        await sign_up(users, email)
        await settled(users)
    kinds = {subject: kind for kind, subject in SUBJECTS.items()}
    sent = [kinds[message["Subject"]] for message in mail_server.messages]
    mail_server.messages.clear()
    return sent


def link(mail_server: MailServer) -> str:
    """The secret of the link in the newest mail."""
    body = mail_server.messages[-1].get_body(("plain",))
    assert body is not None
    (found,) = [line for line in body.get_content().splitlines() if "/#/login/" in line]
    return str(found.rpartition("/")[2])


async def approve(users: Service, email: str) -> None:
    async with users.database.begin() as session:
        await accounts.approve(session, (await accounts.by_email(session, email)).id)


async def invite(users: Service, email: str, **changes: object) -> None:
    """An invitation to an organization of its own."""
    organization = {"id": new_id(), "slug": new_id(), "name": "Acme"}
    invitation = {
        "id": new_id(),
        "organization_id": organization["id"],
        "email": email,
        "role": "editor",
        "invited_by": "ann@example.org",
        "expires": func.now() + timedelta(days=7),
    }
    async with users.database.begin() as session:
        deleted = {"deleted": changes.pop("deleted")} if "deleted" in changes else {}
        await session.exec(insert(Organization).values(organization | deleted))
        await session.exec(insert(Invitation).values(invitation | changes))


async def test_by_approval_a_person_waits_and_gets_the_link_with_it(
    users: Service, mail_server: MailServer, sends: Sending
) -> None:
    async with sends("approval"):
        assert await sign_up(users, " Ann@Example.org ") == SignUpResponse(email="ann@example.org", mail_sent=True)
        await settled(users)
        assert await letters(users, mail_server, "ann@example.org") == ["welcome", "welcome"]
        assert users.rows("SELECT email, admin, approved FROM users") == [("ann@example.org", False, None)]
        assert users.count("login_tokens") == 0
        await approve(users, "ann@example.org")
        await settled(users)
        assert mail_server.messages[-1]["Subject"] == SUBJECTS["approved"]
        assert (await users.login(link(mail_server))).startswith("scope=scope_session_")
        assert await letters(users, mail_server, "ann@example.org") == ["approved", "sign_in"]


async def test_approving_twice_changes_nothing_and_sends_nothing(users: Service) -> None:
    async with users.database.begin() as session:
        await accounts.sign_up(session, "ann@example.org", approved=False, themselves=True)
    await approve(users, "ann@example.org")
    before = users.text("users"), users.text("outbox"), users.text("audit_events")
    assert users.count("outbox") == 1
    await asyncio.gather(*(approve(users, "ann@example.org") for _ in range(4)))
    assert (users.text("users"), users.text("outbox"), users.text("audit_events")) == before
    assert users.rows("SELECT action FROM audit_events ORDER BY time") == [
        ("user:user:create",),
        ("admin:user:approve",),
    ]
    async with users.database.begin() as session:
        with pytest.raises(ServiceError, match="there is no person"):
            await accounts.approve(session, new_id())


async def test_where_it_is_open_a_link_comes_at_once(users: Service, mail_server: MailServer, sends: Sending) -> None:
    async with sends("open"):
        await sign_up(users, "ann@example.org")
        await settled(users)
        await users.login(link(mail_server))
        assert await letters(users, mail_server, "ann@example.org") == ["sign_in", "sign_in"]
    assert users.rows("SELECT admin, approved IS NOT NULL FROM users") == [(False, True)]


async def test_where_it_was_opened_who_waited_gets_in(users: Service, mail_server: MailServer, sends: Sending) -> None:
    async with sends("approval"):
        assert await letters(users, mail_server, "ann@example.org") == ["welcome"]
    async with sends("open"):
        assert await letters(users, mail_server, "ann@example.org") == ["sign_in"]


async def test_by_invitation_nobody_else_gets_an_account(
    users: Service, mail_server: MailServer, sends: Sending
) -> None:
    await invite(users, "ann@example.org")
    await invite(users, "late@example.org", expires=func.now())
    await invite(users, "taken-back@example.org", closed=func.now())
    await invite(users, "gone@example.org", deleted=func.now())
    others = ["bob@example.org", "late@example.org", "taken-back@example.org", "gone@example.org"]
    async with sends("invite"):
        assert await letters(users, mail_server, *others) == ["not_invited"] * 4
        assert users.count("users") == 0
        assert await letters(users, mail_server, "ann@example.org", "ann@example.org") == ["sign_in", "sign_in"]
    assert users.rows("SELECT email FROM users WHERE approved IS NOT NULL") == [("ann@example.org",)]


async def test_who_is_invited_needs_no_approval(users: Service, mail_server: MailServer, sends: Sending) -> None:
    async with sends("approval"):
        assert await letters(users, mail_server, "ann@example.org") == ["welcome"]
        for email in ("ann@example.org", "bob@example.org"):
            await invite(users, email)
        assert await letters(users, mail_server, "ann@example.org", "bob@example.org") == ["sign_in", "sign_in"]


@pytest.mark.parametrize("signup", ["approval", "open", "invite"])
async def test_who_is_disabled_is_sent_nothing(
    signup: str, users: Service, mail_server: MailServer, sends: Sending
) -> None:
    for email, approved in (("ann@example.org", True), ("bob@example.org", False)):
        async with users.database.begin() as session:
            await accounts.sign_up(session, email, approved=approved, themselves=True)
    users.execute("UPDATE users SET disabled = now()")
    async with sends(signup):
        assert await letters(users, mail_server, "ann@example.org", "bob@example.org") == []
        await approve(users, "bob@example.org")
        await settled(users)
    assert mail_server.messages == []
    assert users.count("login_tokens") == 0
    assert {outcome for (outcome,) in users.rows("SELECT outcome FROM outbox")} == {"nothing to say any more"}


async def test_an_invitation_that_was_taken_back_is_not_sent(
    users: Service, mail_server: MailServer, sends: Sending
) -> None:
    await invite(users, "ann@example.org")
    async with users.database.begin() as session:
        for email in ("ann@example.org", "bob@example.org"):
            await post(session, Occasion.INVITATION, email, organization="Acme", inviter="eve@x", role="viewer")
    async with sends("invite"):
        await settled(users)
    assert [message["To"] for message in mail_server.messages] == ["ann@example.org"]


@contextmanager
def statements(users: Service) -> Iterator[list[str]]:
    """What the database is told meanwhile, in order."""
    told: list[str] = []
    engine = users.database._engine.sync_engine

    def tell(_: object, __: object, statement: str, *___: object) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", tell)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", tell)


async def test_the_call_does_not_look_at_whom_it_is_for(users: Service) -> None:
    """The same answer after the very same statements, none of which reads who there is: so in the same time."""
    async with users.database.begin() as session:
        for email in ("known@example.org", "waits@example.org", "disabled@example.org"):
            await accounts.sign_up(session, email, approved=email != "waits@example.org", themselves=True)
    users.execute("UPDATE users SET disabled = now() WHERE email LIKE 'disabled%%'")
    await invite(users, "invited@example.org")
    seen: list[Sequence[str]] = []
    for name in ("known", "waits", "disabled", "invited", "unknown"):
        with statements(users) as told:
            assert await sign_up(users, f"{name}@example.org") == SignUpResponse(
                email=f"{name}@example.org", mail_sent=True
            )
        seen.append(told)
    assert all(told == seen[0] for told in seen)
    assert len(seen[0]) > 3
    for table in ("users", "invitations", "login_tokens"):
        assert table not in " ".join(seen[0]).lower()


async def test_no_secret_is_kept_or_logged(users: Service, mail_server: MailServer, sends: Sending) -> None:
    with capture_logs() as logs:
        async with sends("open"):
            await sign_up(users, "ann@example.org")
            await settled(users)
    secret = link(mail_server)
    for table in ("outbox", "login_tokens", "audit_events"):
        assert secret not in users.text(table)
        assert "scope_login" not in users.text(table)
    assert "scope_login" not in str(logs)
    assert "ann@example.org" not in str(logs)


async def test_many_at_once_are_one_person(users: Service, mail_server: MailServer, sends: Sending) -> None:
    async with users.database.begin() as session:
        for _ in range(8):
            await post(session, Occasion.SIGN_UP, "ann@example.org")
    async with sends("approval"):
        await settled(users)
    assert await letters(users, mail_server) == ["welcome"] * 8
    assert (users.count("users"), users.count("audit_events")) == (1, 1)


@pytest.mark.parametrize(
    "email",
    [
        "nobody",
        "a@b@c",
        "ann@example.org\nBcc: eve@x",
        "a,b@c",
        "<a@b>",
        "ä@example.org",
        "a@-b",
        "a..b@c",
        ".a@b",
        "a.@b",
        "=?utf-8?q?eve=40example.org?=@b",
        f"{'x' * 65}@y",
    ],
)
async def test_what_is_no_address_is_refused(email: str, users: Service) -> None:
    code, why, said = await refusal(users, email)
    assert (code, why) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert said.startswith("email: must be an address like name@example.org")
    assert users.count("outbox") == 0


async def test_one_address_is_sent_so_many_links(users: Service) -> None:
    for _ in range(5):
        await sign_up(users, "ann@example.org")
    code, why, _ = await refusal(users, "Ann@example.org")
    assert (code, why) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED")
    await sign_up(users, "bob@example.org")
    assert users.count("outbox") == 6


class TestFromOneSource:
    """With a rate of its own."""

    @pytest.fixture
    def settings(self, settings: UsersSettings) -> UsersSettings:
        return settings.model_copy(update={"sign_up_rate": Rate.parse("2 per hour")})

    async def test_so_many_ask(self, users: Service) -> None:
        for name in ("ann", "bob"):
            await sign_up(users, f"{name}@example.org")
        code, why, _ = await refusal(users, "eve@example.org")
        assert (code, why) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED")
        assert users.count("outbox") == 2


async def test_a_link_is_no_use_to_who_waits(users: Service) -> None:
    await users.organization("acme")
    secret = await users.login_secret()
    users.execute("UPDATE users SET approved = NULL")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.login(secret)
    assert reason(caught.value) == "LOGIN_LINK_INVALID"
    assert users.count("sessions") == 0


async def test_an_administrator_by_command(users: Service) -> None:
    async with users.database.begin() as session:
        await accounts.sign_up(session, "waits@example.org", approved=False, themselves=True)
    for email in ("Ann@Example.org", "waits@example.org", "ann@example.org"):
        async with users.database.begin() as session:
            user = await accounts.create_admin(session, email)
        assert (user.email, user.admin) == (email.lower(), True)
        assert user.approved is not None
        await users.login(await users.login_secret(email))
    assert users.count("users") == 2
    actions = [action for (action,) in users.rows("SELECT action FROM audit_events ORDER BY time")]
    assert actions.count("admin:user:set_administrator") == 2
    users.execute("UPDATE users SET disabled = now()")
    async with users.database.begin() as session:
        with pytest.raises(ServiceError, match=r"ann@example\.org is disabled"):
            await accounts.create_admin(session, "ann@example.org")


async def test_a_deployment_that_nobody_administers_says_what_to_do(users: Service) -> None:
    with capture_logs() as logs:
        await build.announce(users.database)
        await users.organization("acme")
        await build.announce(users.database)
    assert [line["event"] for line in logs] == [
        "nobody administers this deployment yet: run `scope-users create-admin EMAIL`"
    ]


async def test_without_a_way_out_mail_waits_and_that_is_said(users: Service, settings: UsersSettings) -> None:
    with capture_logs() as logs:
        async with sending(settings, users.database):
            await sign_up(users, "ann@example.org")
    said = [line["event"] for line in logs if line["log_level"] == "warning"]
    assert said == ["mail waits, for a week at most, until SMTP_URL is set"]
    assert users.rows("SELECT done, attempts FROM outbox") == [(None, 0)]
