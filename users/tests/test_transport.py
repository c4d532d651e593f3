"""The way to a mail server: TLS, and a password that nobody else reads."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from conftest import MailServer
from tests.certificates import Authority
from users.mail import Letter, Letters, Server, address, transport
from users.mail.transport import SendingError

Start = Callable[..., MailServer]
MESSAGE = Letters(address("Scope <scope@scope.example>"), "http://x").message(
    "ab12", "ann@example.org", Letter("welcome", {})
)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a server that was told more than others."""
    started: list[MailServer] = []

    def start(**options: object) -> MailServer:
        started.append(MailServer(**options))
        started[-1].start()
        return started[-1]

    yield start
    for _ in range(10):
        await asyncio.sleep(0)  # what was closed has its turn to go
    for server in started:
        server.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    """What a server at 127.0.0.1 presents."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    files = authority.certificate()
    context.load_cert_chain(files.cert, files.key)
    return context


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server counts as one that is reached over a network."""
    monkeypatch.setattr(transport, "_is_loopback", lambda _: False)


def doorkeeper(*given: object) -> AuthResult:
    """Lets `scope` in with `p@ss`."""
    return AuthResult(success=given[-1] == LoginPassword(b"scope", b"p@ss"), handled=False)


def at(server: MailServer, scheme: str = "smtp", who: str = "") -> Server:
    return Server.parse(server.url.replace("smtp://", f"{scheme}://{who}"))


async def refused(server: Server) -> SendingError:
    with pytest.raises(SendingError) as caught:
        await server.send(MESSAGE, "")
    assert not caught.value.final
    return caught.value


async def test_a_certificate_is_verified(
    start: Start, tls: ssl.SSLContext, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(ssl_context=tls)
    assert "certificate verify failed" in (await refused(at(server, "smtps"))).why
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    await at(server, "smtps").send(MESSAGE, "")
    assert len(server.messages) == 1


@pytest.mark.usefixtures("far")
async def test_tls_begins_where_it_is_offered(
    start: Start, tls: ssl.SSLContext, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(tls_context=tls)
    assert "certificate verify failed" in (await refused(at(server))).why
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    await at(server).send(MESSAGE, "")
    without = start()
    await at(without).send(MESSAGE, "")
    assert [len(one.messages) for one in (server, without)] == [1, 1]


@pytest.mark.usefixtures("far")
async def test_a_password_goes_over_a_network_by_tls_alone(
    start: Start, tls: ssl.SSLContext, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def listen(*given: object) -> AuthResult:
        seen.append("a password")
        return doorkeeper(*given)

    clear = start(authenticator=listen, auth_require_tls=False)
    await refused(at(clear, who="scope:p%40ss@"))
    assert seen == []
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = start(authenticator=listen, tls_context=tls)
    await at(server, who="scope:p%40ss@").send(MESSAGE, "")
    assert seen == ["a password"]
    assert len(server.messages) == 1


async def test_a_wrong_password_is_said_without_it(start: Start) -> None:
    server = start(authenticator=doorkeeper, auth_require_tls=False)
    error = await refused(at(server, who="scope:wrong-one@"))
    assert error.brief == "535 (SMTPAuthenticationError)"
    assert "wrong-one" not in error.why
    await at(server, who="scope:p%40ss@").send(MESSAGE, "")
    assert len(server.messages) == 1
