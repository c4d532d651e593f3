"""A mail server that keeps what it is sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Queue

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.command import free_ports
from tests.e2e.client import PATIENCE

_LINK = re.compile(r"^https?://\S+/#/login/(\S+)$", re.MULTILINE)


class Mailbox:
    """The mails that came, in their order."""

    def __init__(self) -> None:
        self._mails: Queue[EmailMessage] = Queue()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """See aiosmtpd's handlers."""
        assert envelope.content is not None
        content = envelope.content if isinstance(envelope.content, bytes) else envelope.content.encode()
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        assert envelope.rcpt_tos == [mail["to"]]
        self._mails.put(mail)
        return "250 kept"

    def next(self) -> EmailMessage:
        """The next mail, which may be on its way."""
        return self._mails.get(timeout=PATIENCE)

    def empty(self) -> bool:
        """Whether every mail that came was looked at."""
        return self._mails.empty()


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, str]]:
    """A mailbox, and the SMTP_URL of its server."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    try:
        yield mailbox, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def body(mail: EmailMessage, kind: str = "plain") -> str:
    """What a mail says, as text or as HTML."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def link_secret(mail: EmailMessage) -> str:
    """The secret of the sign-in link that stands alone on a line of the mail."""
    found = _LINK.findall(body(mail))
    assert len(found) == 1, body(mail)
    return str(found[0])
