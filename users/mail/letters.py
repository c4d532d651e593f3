"""What mails say: a text and an HTML template for each kind of letter, both checked when they are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

#: The kinds of letter, and what each has to be told.
FACTS: Mapping[str, frozenset[str]] = {
    "sign_in": frozenset({"link"}),
    "welcome": frozenset(),
    "approved": frozenset({"link"}),
    "not_invited": frozenset(),
    "invitation": frozenset({"organization", "inviter", "role"}),
}


@dataclass(frozen=True)
class Letter:
    """What is said to somebody: the kind of letter, and its facts."""

    kind: str
    facts: Mapping[str, str]


class Letters:
    """Writes letters as messages.

    Args:
        sender: from whom they are.
        site: where browsers find the deployment.

    Raises:
        jinja2.TemplateError: a template is missing, broken, or wants what it is not told.
    """

    def __init__(self, sender: Address, site: str) -> None:
        self._sender = sender
        self._site = site.rstrip("/")
        self._templates = Environment(
            loader=PackageLoader("users.mail"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        for kind, names in FACTS.items():
            self._written(Letter(kind, dict.fromkeys(names, "x")))

    def message(self, mail_id: str, recipient: str, letter: Letter) -> EmailMessage:
        """A letter as it is sent; the same id makes the same Message-ID.

        Raises:
            ValueError: nothing can be sent to such an address.
        """
        subject, text, html = self._written(letter)
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = subject
        message["Date"] = localtime()
        message["Message-ID"] = f"<{mail_id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        # Mail programs gather mails of one subject into one thread, where the newest link is hard to find.
        message["X-Entity-Ref-ID"] = mail_id
        message.set_content(text, cte=_encoding(text))
        message.add_alternative(html, subtype="html", cte=_encoding(html))
        return message

    def _written(self, letter: Letter) -> tuple[str, str, str]:
        """Subject, text and HTML. The text's first line is the subject."""
        # Nobody's name is more than a part of a line.
        facts = {name: " ".join(value.split()) for name, value in letter.facts.items()}
        text, html = (
            self._templates.get_template(f"{letter.kind}.{form}").render(facts, site=self._site)
            for form in ("txt", "html")
        )
        subject, _, body = text.partition("\n\n")
        return subject, body, html


def _encoding(text: str) -> str:
    """As it is: quoted-printable would break links in two."""
    return "7bit" if text.isascii() else "8bit"
