"""Real servers for every package's tests, and which of the four kinds a test is."""

import asyncio
import email
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Connection
from hypothesis import HealthCheck, settings
from psycopg import sql

from deploy.local import nats, postgres
from deploy.local.command import free_ports
from deploy.local.running import Running
from deploy.secrets import credentials

# Tests start servers while threads of theirs speak gRPC, whose preparations for a fork then go wrong in the child.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

# Whoever starts tests in the background has them, and all that they start, ignore Ctrl-C, which some tests are about.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Every run tries the same examples, however slow the machine; `--hypothesis-profile=default` tries others.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

_SERVERS = {"postgres_url", "postgres_cluster", "nats_server", "mail_server"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`e2e` and `ui` by their folders, `integration` what uses a real server or says so, `unit` everything else."""
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker("e2e")
        elif "tests/browser/" in item.path.as_posix():
            item.add_marker("ui")
        elif _SERVERS & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("integration"):
            item.add_marker("integration")
        else:
            item.add_marker("unit")


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Cluster]:
    """One PostgreSQL server for the whole run."""
    folder = tmp_path_factory.mktemp("postgres")
    cluster = postgres.Cluster(
        folder=folder / "postgres", port=free_ports(1)[0], password=credentials.password(), durable=False
    )
    server = Running(postgres.prepare(cluster), folder / "log")
    try:
        server.start()
        yield cluster
    finally:
        server.stop()
        postgres.remove(cluster.folder)


@pytest.fixture
def postgres_template() -> str:
    """Of which database a test's own begins as a copy: an empty one."""
    return "template1"


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster, postgres_template: str) -> Iterator[str]:
    """The URL of a database of this test's own."""
    name = sql.Identifier(f"test_{secrets.token_hex(6)}")
    with psycopg.connect(postgres_cluster.url(), autocommit=True) as connection:
        template = sql.Identifier(postgres_template)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
        yield postgres_cluster.url(name.as_string().strip('"'))
        # FORCE would also end the server's own vacuuming of it, which is not ours to end; DROP waits for that.
        ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
        connection.execute(ours, [name.as_string().strip('"')])
        connection.execute(sql.SQL("DROP DATABASE {}").format(name))


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A command that is tested in this process sets logging up for good, on streams that end with the test."""
    yield
    structlog.reset_defaults()


class NatsServer(Running):
    """A NATS server with the mesh's own users and permissions; `stop` and `start` keep its port and its streams."""

    def __init__(self, folder: Path) -> None:
        self._broker = nats.Broker(folder=folder / "nats", secrets=credentials.folder(folder), port=free_ports(1)[0])
        super().__init__(nats.prepare(self._broker), folder / "nats.log")

    @property
    def url(self) -> str:
        """`nats://127.0.0.1:PORT`."""
        return self._broker.url

    def nkey_file(self, name: str) -> Path:
        """The seed of `collection`, `query` or `reader`."""
        return self._broker.nkey_file(name)


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of this test's own, without streams."""
    server = NatsServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class MailServer:
    """An SMTP server that keeps what it takes in, and answers otherwise where it is told to.

    Args:
        options: of aiosmtpd's Controller and SMTP.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.messages: list[EmailMessage] = []
        #: The answer to a command instead of taking it: `{"RCPT": "450 later"}`.
        self.answers: dict[str, str] = {}
        #: While it is cleared, the server takes a message in and does not say so.
        self.says_so = threading.Event()
        self.says_so.set()
        self._port = free_ports(1)[0]
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:PORT`."""
        return f"smtp://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Takes connections, in a thread of its own."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port, **self._options)
        self._controller.start()

    def stop(self) -> None:
        """Takes none; `start` goes on at the same port."""
        self.says_so.set()
        if self._controller:
            self._controller.stop(no_assert=True)

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, _: SMTP, __: Connection, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """Takes a recipient."""
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, _: SMTP, __: Connection, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Takes a message."""
        if answer := self.answers.get("DATA"):
            return answer
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert [found.addr_spec for found in message["To"].addresses] == envelope.rcpt_tos
        self.messages.append(message)
        await asyncio.to_thread(self.says_so.wait)
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server of this test's own."""
    server = MailServer()
    server.start()
    yield server
    server.stop()
