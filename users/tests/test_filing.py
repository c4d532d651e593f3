"""What other services did is filed from the bus, with a real bus and a real database."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats.errors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from conftest import NatsServer
from deploy.secrets import credentials
from deploy.secrets.bus import PERMISSIONS, Permissions
from mesh.background import running
from mesh.identity import Verifier, sign
from mesh.keyring import MeshKeys
from scope.audit.v1.event_pb2 import Record
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from users.audit.filing import RECORD_BYTES, Filing
from users.bus import connected
from users.database import Database
from users.identity import Keys
from users.instruments import FILED
from users.tables import new_id
from users.tests.conftest import Service, told
from users.tests.test_audit import recorded

WITHIN = 40.0
ORGANIZATION = "b" * 32

#: Files, and dies when the first record is in the database and not acknowledged.
DIES = """
import asyncio, os, signal, sys
from nats.aio.msg import Msg
from users.audit import filing
from users.tests.test_filing import file_for_ever

filing.ACK_WAIT = 3.0

async def die(_):
    os.kill(os.getpid(), signal.SIGKILL)

Msg.ack = die
asyncio.run(file_for_ever(*sys.argv[1:]))
"""


@dataclass
class Around:
    """A bus, a database, the key of users; and control, which puts on the bus what it does."""

    bus: NatsServer
    url: str
    key_file: Path
    control: Client

    @property
    def arguments(self) -> tuple[str, ...]:
        """What `file_for_ever` is called with."""
        return self.bus.url, str(self.bus.nkey_file("users")), self.url, str(self.key_file)

    def record(self, *, at: datetime | None = None, **said: Any) -> Record:
        """Something that somebody did just now, but for what is said."""
        usual: dict[str, Any] = {"id": new_id(), "action": "control:container:restart", "subject": "x;<container>"}
        record = Record(**({"identity": self.identity()} | usual | said))
        record.time.FromDatetime(at or datetime.now(UTC))
        record.after.update({"signal": "TERM"})
        return record

    def identity(self, key: Keys | None = None, **claims: Any) -> str:
        """That somebody's identity."""
        usual: dict[str, Any] = {
            "subject": "a" * 32,
            "caller": Caller.CALLER_USER,
            "organization": ORGANIZATION,
            "credential": "session:" + "c" * 32,
            "address": "192.0.2.1",
            "audience": "scope.control.v1.ControlService",
        }
        return sign(Identity(**(usual | claims)), (key or Keys.read(self.key_file)).signing)

    async def put(self, record: Record | bytes) -> None:
        """Puts a record on the bus, as soon as it is there and users has made the stream."""
        data = record if isinstance(record, bytes) else record.SerializeToString()

        async def taken() -> bool:
            try:
                await self.control.jetstream().publish("audit.control", data)
            except (nats.errors.Error, OSError):
                return False
            return True

        await until(taken)

    async def done(self) -> list[dict[str, object]]:
        """What is recorded when nothing waits any more."""

        async def nothing_waits() -> bool:
            try:
                return (await self.control.jetstream().stream_info("audit")).state.messages == 0
            except (nats.errors.Error, OSError):
                return False

        await until(nothing_waits)
        return recorded(self.url)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(WITHIN):
        while not await holds():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def filing(nats_url: str, nkey_file: str, database_url: str, key_file: str) -> AsyncIterator[None]:
    """Files as a replica of users does, while the body runs."""
    database = Database(database_url)
    verifier = Verifier(Keys.read(Path(key_file)), MeshKeys([b"x" * 32]))
    async with connected(told(database_url, nats_url=nats_url, nats_nkey_file=Path(nkey_file))) as bus:
        assert bus is not None
        async with running(Filing(bus, database, verifier).run()):
            yield
    await database.close()


async def file_for_ever(*arguments: str) -> None:
    """What a process does that is nothing but a replica's filing."""
    async with filing(*arguments):
        await asyncio.Event().wait()


@pytest.fixture
async def around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, accounts_url: str) -> AsyncIterator[Around]:
    control = Permissions(("audit.control", "$JS.API.STREAM.INFO.audit"), ("_INBOX_control.>",))
    monkeypatch.setitem(PERMISSIONS, "control", control)
    server = NatsServer(tmp_path)
    key_file = tmp_path / "identity.pem"
    key_file.write_text(credentials.identity_key())
    server.start()
    client = Client()
    try:
        seed = str(server.nkey_file("control"))
        await client.connect(
            server.url, nkeys_seed=seed, inbox_prefix="_INBOX_control", reconnect_time_wait=0, error_cb=ignore
        )
        yield Around(server, accounts_url, key_file, client)
        await client.close()
    finally:
        server.stop()


async def ignore(_: Exception) -> None:
    """What the client says about a bus that is away."""


async def test_a_record_says_who_did_it_as_users_signed_it(around: Around) -> None:
    record = around.record()
    async with filing(*around.arguments):
        await around.put(record)
        (event,) = await around.done()
    assert event["id"] == record.id
    assert event["time"] == record.time.ToDatetime(UTC)
    assert (event["action"], event["refused"]) == ("control:container:restart", False)
    assert (event["actor"], event["organization_id"]) == ("a" * 32, ORGANIZATION)
    assert (event["credential"], event["address"]) == ("session:" + "c" * 32, "192.0.2.1")
    assert event["subject"] == "x;<container>"
    assert event["after"] == {"signal": "TERM"}


async def test_each_record_goes_with_the_address_of_who_did_it(around: Around, users: Service) -> None:
    await users.organization("acme", "ann@example.org")
    await users.organization("other", "bob@example.org")
    people = {str(id_): email for id_, email in users.rows("SELECT id, email FROM users")}
    records = [around.record(identity=around.identity(subject=who)) for who in (*people, "a" * 32, *people)]
    async with filing(*around.arguments):
        for record in records:
            await around.put(record)
        events = {event["id"]: event for event in await around.done()}
    filed = [events[record.id] for record in records]
    assert len(people) == 2
    assert [event["actor_email"] for event in filed] == [people.get(str(event["actor"])) for event in filed]


async def test_a_process_that_dies_before_it_acknowledges_files_once(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("users.audit.filing.ACK_WAIT", 3.0)
    record = around.record()
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", DIES, *around.arguments)
    await around.put(record)
    async with asyncio.timeout(WITHIN):
        assert await dying.wait() == -signal.SIGKILL
    assert len(recorded(around.url)) == 1
    repeated = FILED.read("REPEATED")
    async with filing(*around.arguments):
        assert len(await around.done()) == 1
    assert FILED.read("REPEATED") == repeated + 1


async def test_replicas_share_what_there_is_to_file(around: Around) -> None:
    records = [around.record() for _ in range(200)]
    filed = FILED.read("FILED")
    async with AsyncExitStack() as replicas:
        for _ in range(2):
            await replicas.enter_async_context(filing(*around.arguments))
        for record in [*records, *records[:50]]:
            await around.put(record)
        events = await around.done()
    assert sorted(str(event["id"]) for event in events) == sorted(record.id for record in records)
    assert FILED.read("FILED") == filed + 200


async def test_a_record_waits_while_the_database_is_away(around: Around, users: Service) -> None:
    async with filing(*around.arguments):
        await around.put(around.record())
        assert len(await around.done()) == 1
        users.away(away=True)
        await around.put(around.record())
        users.away(away=False)
        assert len(await around.done()) == 2


async def test_a_record_waits_while_users_and_then_the_bus_are_away(around: Around) -> None:
    around.bus.stop()
    async with filing(*around.arguments):
        around.bus.start()
        await around.put(around.record())
        assert len(await around.done()) == 1
        around.bus.stop()
        around.bus.start()
        await around.put(around.record())
        assert len(await around.done()) == 2
    await around.put(around.record())
    async with filing(*around.arguments):
        assert len(await around.done()) == 3


async def test_a_record_may_be_older_than_its_identity_lives(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("users.audit.filing.AGAIN", 0.1)
    then = datetime.now(UTC) - timedelta(days=20)
    with monkeypatch.context() as past:
        past.setattr("mesh.identity.time.time", then.timestamp)
        identity = around.identity()
    async with filing(*around.arguments):
        await around.put(around.record(identity=identity, at=then))
        assert len(await around.done()) == 1
        await around.put(around.record(identity=identity))
        assert len(await around.done()) == 1


def unfit(around: Around) -> list[Record | bytes]:
    """What nobody may have put there, or nobody can file."""
    stranger = Keys([Ed25519PrivateKey.generate()])
    elsewhere = around.identity(audience="scope.query.v1.QueryService")
    nul = around.record()
    nul.after.update({"text": "a\0b"})
    number = around.record()
    number.after.update({"number": float("nan")})
    undated = around.record()
    undated.ClearField("time")
    return [
        b"\xff\xff",
        undated,
        nul,
        number,
        around.record(id="1"),
        around.record(subject="x" * 255),
        around.record(action="organization:member:remove"),
        around.record(action="control:" + "x" * 100 + ":y"),
        around.record(action="anything"),
        around.record(identity="nonsense"),
        around.record(identity=around.identity(stranger)),
        around.record(identity=elsewhere),
        around.record(at=datetime.now(UTC) + timedelta(hours=1)),
        around.record().SerializeToString() + bytes(RECORD_BYTES),
    ]


async def test_what_is_no_record_is_counted_and_let_go(
    around: Around, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("users.audit.filing.AGAIN", 0.1)
    odd = unfit(around)
    before = FILED.read("UNFIT")
    async with filing(*around.arguments):
        for record in odd:
            await around.put(record)
        good = around.record()
        await around.put(good)
        assert [event["id"] for event in await around.done()] == [good.id]
    assert FILED.read("UNFIT") == before + len(odd)
    said = capsys.readouterr().out
    assert "cannot be filed" in said
    assert "x;<container>" not in said


async def test_without_a_bus_users_serves(capsys: pytest.CaptureFixture[str]) -> None:
    async with connected(told("postgresql://nobody@127.0.0.1/nothing")) as bus:
        assert bus is None
    assert capsys.readouterr().out.count("NATS_URL is not set") == 1
