"""The outbox and who sends what is in it, to a real server."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from conftest import MailServer
from deploy.tests.waiting import until
from users.database import Database
from users.mail import Folder, Occasion, Server, Transport, post
from users.mail.sender import ATTEMPTS, wait
from users.tests.mailing import sender

ROOT = Path(__file__).resolve().parents[2]
FACTS = {"organization": "Acme", "inviter": "ann@example.org", "role": "editor"}


class Outbox:
    """The table, from behind."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, columns: str = "done IS NOT NULL, outcome") -> list[Any]:
        with psycopg.connect(self._url) as connection:
            return connection.execute(f"SELECT {columns} FROM outbox ORDER BY created".encode()).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def outbox(database: Database, postgres_url: str) -> Outbox:
    return Outbox(postgres_url)


async def invite(database: Database, *recipients: str) -> None:
    async with database.begin() as session:
        for recipient in recipients:
            await post(session, Occasion.INVITATION, recipient, **FACTS)


async def settled(outbox: Outbox) -> None:
    """Waits until there is nothing more to do about any mail."""
    await until(lambda: all(row[0] for row in outbox.rows()))


@asynccontextmanager
async def process(database_url: str, server: MailServer) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Another process that sends; yields how to kill it."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "users.tests.mailing", database_url, server.url, cwd=ROOT
    )

    async def kill() -> None:
        running.kill()
        await running.wait()

    try:
        yield kill
    finally:
        if running.returncode is None:
            await kill()


async def test_what_is_committed_is_sent_once_and_what_is_not_never(
    database: Database, mail_server: MailServer, outbox: Outbox
) -> None:
    async with sender(database, Server.parse(mail_server.url)).running():
        await invite(database, "ann@example.org")
        with suppress(RuntimeError):
            async with database.begin() as session:
                await post(session, Occasion.INVITATION, "bob@example.org", **FACTS)
                raise RuntimeError
        await until(lambda: outbox.rows() == [(True, "sent")])
    (message,) = mail_server.messages
    assert message["To"] == "ann@example.org"
    assert message["From"] == "Scope <scope@scope.example>"


async def test_who_posts_wakes_the_sender(database: Database, mail_server: MailServer, outbox: Outbox) -> None:
    """Nobody waits for the next look: it is an hour away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("users.mail.sender.INTERVAL", 3600)
        async with sender(database, Server.parse(mail_server.url)).running():
            for number in range(1, 4):
                await invite(database, "ann@example.org")
                await until(lambda number=number: len(mail_server.messages) == number)


async def test_several_processes_share_without_sending_twice(
    database: Database, postgres_url: str, mail_server: MailServer, outbox: Outbox
) -> None:
    people = {f"p{number}@example.org" for number in range(40)}
    await invite(database, *people)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(process(postgres_url, mail_server))
            await stack.enter_async_context(sender(database, Server.parse(mail_server.url)).running())
        await settled(outbox)
    assert sorted(message["To"] for message in mail_server.messages) == sorted(people)
    assert len({message["Message-ID"] for message in mail_server.messages}) == len(people)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_a_temporary_refusal_is_tried_again(
    command: str, database: Database, mail_server: MailServer, outbox: Outbox
) -> None:
    mail_server.answers[command] = "451 busy with <ann@example.org> and scope_login_abc"
    with capture_logs() as logs:
        async with sender(database, Server.parse(mail_server.url)).running():
            await invite(database, "ann@example.org")
            await until(lambda: outbox.rows("attempts, outcome != ''") == [(1, True)])
            assert outbox.rows("due > now() + interval '10 s' AND due < now() + interval '30 s'") == [(True,)]
            assert outbox.rows() == [(False, "failed: 451 busy with <ann@example.org> and scope_...")]
            mail_server.answers.clear()
            outbox.change("UPDATE outbox SET due = now()")
            await settled(outbox)
    assert len(mail_server.messages) == 1
    assert outbox.rows("attempts, outcome") == [(2, "sent")]
    assert [(line["event"], line["attempt"]) for line in logs] == [
        ("a mail could not be sent and is tried again", 1),
        ("a mail was sent", 2),
    ]
    assert "example.org" not in str(logs)
    assert "scope_login" not in str(logs)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_a_permanent_refusal_ends_it(
    command: str, database: Database, mail_server: MailServer, outbox: Outbox
) -> None:
    mail_server.answers[command] = "550 nobody here"
    async with sender(database, Server.parse(mail_server.url)).running():
        await invite(database, "ann@example.org")
        await settled(outbox)
    assert outbox.rows("attempts, outcome") == [(1, "given up: 550 nobody here")]
    assert mail_server.messages == []


async def test_after_the_last_attempt_it_is_given_up(
    database: Database, mail_server: MailServer, outbox: Outbox
) -> None:
    mail_server.answers["RCPT"] = "450 not today"
    await invite(database, "ann@example.org")
    outbox.change(f"UPDATE outbox SET attempts = {ATTEMPTS - 1}")
    with capture_logs() as logs:
        async with sender(database, Server.parse(mail_server.url)).running():
            await settled(outbox)
    assert outbox.rows("attempts, outcome") == [(ATTEMPTS, "given up: 450 not today")]
    ((identity,),) = outbox.rows("id")
    assert [(line["event"], line["mail"]) for line in logs] == [("a mail is given up", identity)]


def test_the_attempts_take_about_a_day() -> None:
    waits = [wait(attempt) for attempt in range(1, ATTEMPTS)]
    assert timedelta(seconds=16) <= waits[0] <= timedelta(seconds=24)
    assert timedelta(hours=16) < sum(waits, timedelta()) < timedelta(hours=32)
    assert len({wait(5) for _ in range(10)}) > 1


async def test_a_server_that_is_away_delays_mail_and_loses_none(
    database: Database, mail_server: MailServer, outbox: Outbox
) -> None:
    mail_server.stop()
    async with sender(database, Server.parse(mail_server.url)).running():
        await invite(database, "ann@example.org")
        await until(lambda: outbox.rows("outcome LIKE 'failed: SMTPConnectError%'") == [(True,)])
        mail_server.start()
        outbox.change("UPDATE outbox SET due = now()")
        await settled(outbox)
    assert len(mail_server.messages) == 1


async def test_one_that_cannot_be_written_keeps_no_other_from_leaving(
    database: Database, mail_server: MailServer, outbox: Outbox
) -> None:
    await invite(database, "ann@example.org", "bob@example.org")
    outbox.change("UPDATE outbox SET facts = '{}' WHERE recipient LIKE 'ann%'")
    outbox.change("UPDATE outbox SET due = now() - interval '1 s' WHERE recipient LIKE 'ann%'")
    async with sender(database, Server.parse(mail_server.url)).running():
        await until(lambda: len(mail_server.messages) == 1)
        await until(lambda: len([row for row in outbox.rows() if row[1]]) == 2)
    assert mail_server.messages[0]["To"] == "bob@example.org"
    assert outbox.rows("outcome")[0][0].startswith("failed: UndefinedError")


async def test_killed_while_it_sends_another_sends_it(
    database: Database, postgres_url: str, mail_server: MailServer, outbox: Outbox
) -> None:
    """Death between the server's acceptance and our commit, the one case where a mail arrives twice: with one id."""
    await invite(database, "ann@example.org")
    mail_server.says_so.clear()
    async with process(postgres_url, mail_server) as kill:
        await until(lambda: len(mail_server.messages) == 1)
        await kill()
    mail_server.says_so.set()
    assert outbox.rows("done IS NULL, attempts, due > now()") == [(True, 1, True)]
    outbox.change("UPDATE outbox SET due = now()")
    async with sender(database, Server.parse(mail_server.url)).running():
        await settled(outbox)
    assert len(mail_server.messages) == 2
    assert len({message["Message-ID"] for message in mail_server.messages}) == 1


async def test_killed_anywhere_no_mail_is_lost(
    database: Database, postgres_url: str, mail_server: MailServer, outbox: Outbox
) -> None:
    people = {f"p{number}@example.org" for number in range(30)}
    await invite(database, *people)
    for sent in (3, 12, 21):
        async with process(postgres_url, mail_server) as kill:
            await until(lambda sent=sent: len(mail_server.messages) >= sent)
            await kill()
        outbox.change("UPDATE outbox SET due = now() WHERE done IS NULL")
    async with sender(database, Server.parse(mail_server.url)).running():
        await settled(outbox)
    by_id = {message["Message-ID"]: message["To"] for message in mail_server.messages}
    assert sorted(by_id.values()) == sorted(people)


async def test_leaving_it_ends_what_it_has_begun(database: Database, mail_server: MailServer, outbox: Outbox) -> None:
    mail_server.says_so.clear()
    async with sender(database, Server.parse(mail_server.url)).running():
        await invite(database, "ann@example.org")
        await until(lambda: len(mail_server.messages) == 1)
        asyncio.get_running_loop().call_soon(mail_server.says_so.set)
    assert outbox.rows() == [(True, "sent")]


async def test_what_was_sent_is_written_down_once_the_database_is_back(
    database: Database, postgres_url: str, mail_server: MailServer, outbox: Outbox
) -> None:
    outbox.change("CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''away''; END'")
    await invite(database, "ann@example.org")
    outbox.change("CREATE TRIGGER away BEFORE UPDATE OF done ON outbox FOR EACH ROW EXECUTE FUNCTION away()")
    with capture_logs() as logs:
        async with sender(database, Server.parse(mail_server.url)).running():
            await until(lambda: any("could not be written" in line["event"] for line in logs))
            outbox.change("DROP TRIGGER away ON outbox")
            await settled(outbox)
    assert len(mail_server.messages) == 1
    assert outbox.rows() == [(True, "sent")]


async def test_into_a_folder_each_is_a_file_newest_last_for_its_owner_alone(
    database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    transport: Transport = Folder(folder)
    async with sender(database, transport).running():
        for number in range(3):
            await invite(database, f"p{number}@example.org")
        await settled(outbox)
        outbox.change("UPDATE outbox SET done = NULL, due = now(), outcome = ''")
        await settled(outbox)
    files = sorted(folder.iterdir())
    assert [file.suffix for file in files] == [".eml"] * 3
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    assert folder.stat().st_mode & 0o777 == 0o700
    for number, file in enumerate(files):
        assert f"\nTo: p{number}@example.org\n" in file.read_text()


async def test_an_occasion_is_posted_with_its_facts(database: Database) -> None:
    async with database.begin() as session:
        with pytest.raises(ValueError, match="invitation takes"):
            await post(session, Occasion.INVITATION, "ann@example.org", organization="Acme")
