"""What mails say and look like; and the settings of mail."""

import email
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from users import invitations, sign_in
from users.mail import Letter, Letters, Server, address, letters
from users.settings import UsersSettings

LINK = "https://scope.example/#/login/scope_login_" + "x" * 43
FACTS = {"link": LINK, "organization": "Acme & <b>Söhne</b>", "inviter": "ann@example.org", "role": "editor"}


@pytest.fixture
def writing() -> Letters:
    return Letters(address("Scope <scope@scope.example>"), "https://scope.example/")


def write(writing: Letters, kind: str, **facts: str) -> EmailMessage:
    """A letter as who gets it reads it."""
    told = {name: facts.get(name, FACTS[name]) for name in letters.FACTS[kind]}
    sent = writing.message("ab12", "ann@example.org", Letter(kind, told)).as_bytes()
    read = email.message_from_bytes(sent, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def bodies(message: EmailMessage) -> tuple[str, str]:
    text, html = (message.get_body((form,)) for form in ("plain", "html"))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("kind", letters.FACTS)
def test_every_letter_says_all_it_is_told_in_text_and_html(kind: str, writing: Letters) -> None:
    message = write(writing, kind)
    text, html = bodies(message)
    assert message["Subject"]
    for name in letters.FACTS[kind]:
        assert FACTS[name] in text
        assert FACTS[name].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html
    assert "https://scope.example" in text.splitlines()
    assert "<b>" not in html
    assert "Hello" in text
    assert "Hello" in html
    assert "did not" in text or "not want" in text or "not you" in text


@pytest.mark.parametrize("kind", [kind for kind, facts in letters.FACTS.items() if "link" in facts])
def test_a_link_is_alone_on_a_line_also_of_the_mail_as_sent(kind: str, writing: Letters) -> None:
    told = {name: FACTS[name] for name in letters.FACTS[kind]}
    sent = writing.message("ab12", "ann@example.org", Letter(kind, told)).as_string()
    assert LINK in sent.splitlines()
    assert f'href="{LINK}"' in sent
    text, _ = bodies(write(writing, kind))
    assert "once" in text
    assert "10 minutes" in text


def test_who_waits_is_led_to_the_page_that_says_what_for(writing: Letters) -> None:
    text, html = bodies(write(writing, "welcome"))
    assert "https://scope.example/#/waiting" in text.splitlines()
    assert 'href="https://scope.example/#/waiting"' in html


def test_headers(writing: Letters) -> None:
    message = write(writing, "welcome")
    assert message["From"] == "Scope <scope@scope.example>"
    assert message["To"] == "ann@example.org"
    assert message["Message-ID"] == "<ab12@scope.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Entity-Ref-ID"] == "ab12"
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_content_type() == "multipart/alternative"


def test_a_name_adds_no_header_and_no_paragraph(writing: Letters) -> None:
    evil = "Acme\r\nBcc: eve@evil.example\n\nhttp://evil.example\n"
    message = write(writing, "invitation", organization=evil)
    assert set(message) == set(write(writing, "invitation", organization="Acme"))
    assert message["Subject"].strip() == "You are invited to Acme Bcc: eve@evil.example http://evil.example on Scope"
    text, _ = bodies(message)
    assert "http://evil.example" not in text.splitlines()


@pytest.mark.parametrize(
    "recipient",
    [
        "ann@example.org\r\nBcc: eve@evil.example",
        "ann@example.org\n",
        "ann,eve@evil.example",
        "a b@c",
        "<a@b>",
        "a@b, c@d",
    ],
)
def test_an_address_adds_no_header_and_no_recipient(recipient: str, writing: Letters) -> None:
    with pytest.raises((ValueError, email.errors.HeaderParseError)):
        writing.message("ab12", recipient, Letter("welcome", {}))


def test_a_missing_template_or_fact_ends_it_at_the_start(writing: Letters, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UndefinedError, match="'link' is undefined"):
        writing.message("ab12", "ann@example.org", Letter("sign_in", {}))
    for kind, error in (("no_such_letter", TemplateNotFound), ("sign_in", UndefinedError)):
        monkeypatch.setattr(letters, "FACTS", {kind: frozenset()})
        with pytest.raises(error):
            Letters(address("a@b"), "https://scope.example")


def test_no_template_is_left_over() -> None:
    folder = Path(letters.__file__).with_name("templates")
    kinds = {file.name.partition(".")[0] for file in folder.iterdir()} - {"layout", "button"}
    assert kinds == set(letters.FACTS)


def test_times_are_the_ones_that_hold(writing: Letters) -> None:
    assert timedelta(minutes=10) == sign_in.LIFETIME
    assert timedelta(days=7) == invitations.LIFETIME
    assert "10 minutes" in bodies(write(writing, "sign_in"))[0]
    assert "7 days" in bodies(write(writing, "invitation"))[0]


def test_tls_is_required_where_a_password_would_be_read() -> None:
    assert Server.parse("smtp://mail.example").start_tls is None
    assert Server.parse("smtp://u:p@mail.example").start_tls is True
    assert Server.parse("smtp://u:p@127.0.0.1:25").start_tls is False
    assert Server.parse("smtps://mail.example") == Server("mail.example", 465, tls=True)
    assert Server.parse("smtp://a%40b:p%2F%3A@[::1]:2525") == Server("::1", 2525, "a@b", "p/:")
    assert "p%2F" not in repr(Server.parse("smtp://u:p%2F@h"))


@pytest.mark.parametrize(
    "url",
    ["mail.example:25", "http://mail.example", "smtp://", "smtp://h:99999", "smtp://u:secret@h/x", "smtp://secret@h"],
)
def test_a_wrong_url_is_said_without_repeating_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = _refusal(monkeypatch, SMTP_URL=url, MAIL_FROM="Scope <scope@scope.example>")
    assert said.startswith("SMTP_URL: ")
    assert "secret" not in said


@pytest.mark.parametrize("text", ["", "scope", "a@b, c@d", "<@>", "a@"])
def test_a_server_needs_one_address_that_mail_is_from(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _refusal(monkeypatch, SMTP_URL="smtp://h", MAIL_FROM=text).startswith("MAIL_FROM: is ")


def _refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    needed = ("LISTEN", "USERS_ADDRESS", "MESH_KEY_FILE", "IDENTITY_KEY_FILE", "DATABASE_URL")
    for name, value in {**dict.fromkeys(needed, "h:1"), **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        UsersSettings.read()
    return str(caught.value)
