"""The people of a deployment: they come by mail, and tests know them by their session."""

import secrets
from dataclasses import dataclass
from email.message import EmailMessage
from http.cookies import SimpleCookie

from playwright.sync_api import BrowserContext

from tests.e2e.client import Api, Mesh, wait_for
from tests.e2e.mailbox import Mailbox, body, link_secret
from tests.e2e.people import signed_in, signed_in_by


class Letters:
    """The mails of a mailbox by whom they are to."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._unread: list[EmailMessage] = []

    def next(self, email: str, about: str = "") -> EmailMessage:
        """The next mail to somebody whose text holds these words, which may be on its way."""
        while True:
            for mail in self._unread:
                if mail["to"] == email and about in body(mail):
                    self._unread.remove(mail)
                    return mail
            self._unread.append(self._mailbox.next())

    def secret(self, email: str) -> str:
        """What the next sign-in link to somebody ends with."""
        return link_secret(self.next(email, "/#/login/"))


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in; `api` has their session."""

    email: str
    api: Api

    def signs_in(self, context: BrowserContext) -> None:
        """Gives a browser's context the session."""
        parsed = SimpleCookie(self.api.headers["cookie"]).items()
        context.add_cookies([{"name": name, "value": one.value, "url": self.api.url} for name, one in parsed])

    def within(self, organization: str) -> Api:
        """The same person's calls within one of their organizations."""
        return self.api.with_headers(x_scope_org=organization)


class People:
    """Who comes to a deployment."""

    def __init__(self, mesh: Mesh, letters: Letters) -> None:
        self._mesh = mesh
        self.letters = letters
        #: The first administrator.
        self.administrator = Person(mesh.local()["email"], signed_in(mesh))

    def come(self, email: str) -> Person:
        """Somebody types their address and opens the link of the mail."""
        assert self._mesh.anybody().post("/api/users/signup", {"email": email}).status == 200
        return Person(email, signed_in_by(self._mesh.anybody(), self.letters.secret(email))[0])

    def approved(self, email: str) -> Person:
        """Somebody whom the administrator lets in, and who belongs to no organization."""
        assert self._mesh.anybody().post("/api/users/signup", {"email": email}).status == 200
        found = wait_for(lambda: self._find(email), f"{email} on the list")
        assert self.administrator.api.post(f"/api/users/admin/users/{found[0]['id']}/approve", {}).status == 200
        return Person(email, signed_in_by(self._mesh.anybody(), self.letters.secret(email))[0])

    def invited(self, organization: str, role: str, email: str) -> Person:
        """Somebody whom the administrator invites, and who has not accepted yet."""
        body = {"email": email, "role": role}
        invited = self.administrator.within(organization).post("/api/users/org/invitations", body)
        assert invited.status == 200, invited
        self.letters.next(email, "invites you")
        return self.come(email)

    def member(self, organization: str, role: str, email: str = "") -> Person:
        """Somebody whom the administrator invites, and who accepts."""
        person = self.invited(organization, role, email or f"{role}-{secrets.token_hex(4)}@example.org")
        [open_one] = person.api.get("/api/users/invitations").json()["invitations"]
        assert person.api.post(f"/api/users/invitations/{open_one['id']}/accept", {}).status == 200
        return person

    def organization(self, id_: str, name: str = "") -> Api:
        """A new organization, and the administrator's calls within it."""
        made = self.administrator.api.post("/api/users/orgs", {"id": id_, "name": name or id_})
        assert made.status == 200, made
        return self.administrator.within(id_)

    def _find(self, email: str) -> list[dict[str, str]]:
        listed: list[dict[str, str]] = self.administrator.api.get(f"/api/users/admin/users?search={email}").json()[
            "people"
        ]
        return listed
