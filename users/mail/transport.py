"""How mail leaves: to an SMTP server, or as files into a folder."""

import asyncio
import os
import re
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as FORM
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from typing_extensions import override

#: How long the server may take for one answer, in seconds.
ANSWER = 20.0
#: How long sending one mail may take, in seconds; less than the lease of the outbox.
SENDING = 60.0

_PORTS = {"smtp": 587, "smtps": 465}
_SECRET = re.compile(r"scope_[a-z]+_[\w-]+")


class SendingError(Exception):
    """A mail was not sent.

    Args:
        why: what the server said, without secrets; it may name the recipient.
        brief: the same without anything about the mail, for logs.
        final: whether it is no use to try again.
    """

    def __init__(self, why: str, brief: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.why = _SECRET.sub("scope_...", why)
        self.brief = brief
        self.final = final


class Transport(Protocol):
    """A way for mail to leave."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Sends a message; `name` is its own, and names sort as the messages came to be. Raises SendingError."""


@dataclass(frozen=True)
class Server(Transport):
    """An SMTP server, `smtp://user:password@host:port` or `smtps://...`, names and passwords percent-encoded.

    With smtps, TLS is there from the start. With smtp, what the server offers is used (STARTTLS); with a password and
    over a network it is required. Certificates are always verified.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> "Server":
        """Reads the URL; raises ValueError, which does not repeat it."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            parts, port = urlsplit(""), 0
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("is not like smtp://user:password@host:587 or smtps://host, special characters as %40")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if bool(user) != bool(password):
            raise ValueError("has a user without a password, or a password without a user")
        return cls(parts.hostname, port, user, password, parts.scheme == "smtps")

    @property
    def start_tls(self) -> bool | None:
        """Whether TLS begins after the greeting; None: where the server offers it."""
        if self.tls or _is_loopback(self.host):
            return False
        return True if self.password else None

    @override
    async def send(self, message: EmailMessage, name: str) -> None:
        """Sends a message to its recipient."""
        sender, recipient = (message[header].addresses[0] for header in ("From", "To"))
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user or None,
            password=self.password or None,
            use_tls=self.tls,
            start_tls=self.start_tls,
            local_hostname=sender.domain,
            timeout=ANSWER,
        )
        try:
            async with asyncio.timeout(SENDING), client:
                await client.send_message(message, sender=sender.addr_spec, recipients=[recipient.addr_spec])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _failure(error) from None


@dataclass(frozen=True)
class Folder(Transport):
    """A folder into which each mail goes as a file, `<name>.eml`, for its owner alone to read."""

    path: Path

    @override
    async def send(self, message: EmailMessage, name: str) -> None:
        """Writes a message; nobody ever sees half of it, and the same name again takes its place."""
        try:
            await asyncio.to_thread(self._write, message.as_bytes(policy=FORM.clone(linesep="\n")), name)
        except OSError as error:
            raise SendingError(str(error), str(error)) from None

    def _write(self, content: bytes, name: str) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = self.path / f".{name}"
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.rename(self.path / f"{name}.eml")


def address(text: str) -> Address:
    """Reads `Scope <scope@example.org>`; raises ValueError when it is not one address."""
    try:
        header = FORM.header_factory("From", text)
        (found,) = header.addresses
        return Address(found.display_name, addr_spec=found.addr_spec)
    except (ValueError, IndexError, HeaderParseError):
        raise ValueError(f"is {text!r}, not an address like 'Scope <scope@example.org>'") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _failure(error: Exception) -> SendingError:
    """What the server's answer means. Who is refused by name stays refused; all else may be mended, here or there."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        (refusal,) = error.recipients
        return SendingError(
            f"{refusal.code} {refusal.message}", f"{refusal.code} for the recipient", final=refusal.code >= 500
        )
    if isinstance(error, aiosmtplib.SMTPResponseException):
        final = isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500
        return SendingError(f"{error.code} {error.message}", f"{error.code} ({type(error).__name__})", final=final)
    said = f"{type(error).__name__}: {error}"
    return SendingError(said, said)
