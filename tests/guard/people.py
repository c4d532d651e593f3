"""People, organizations and credentials of every kind and state, made in the database for one run of the table."""

import secrets as random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from users import secrets
from users.database import Database
from users.secrets import Kind
from users.tables import (
    ApiToken,
    Impersonation,
    Invitation,
    LoginToken,
    Membership,
    Organization,
    ProbeToken,
    Session,
    Table,
    User,
)

_AN_HOUR = timedelta(hours=1)
_PEOPLE = ("admin", "editor", "viewer", "both", "nobody", "left", "invited", "refused", "stranger")
_TABLES: dict[Kind, Any] = {
    Kind.API: ApiToken,
    Kind.PROBE: ProbeToken,
    Kind.SESSION: Session,
    Kind.LOGIN: LoginToken,
}


class Population:
    """What one run works with: two organizations, a deleted one, a refused one, and people of every kind."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._mark = f"guard-{random.token_hex(6)}"
        self.own = self._organization("own")
        self.other = self._organization("other")
        self.gone = self._organization("gone", deleted=self._now)
        self.refused = self._organization("refused", access_refused=True, upload_refused=True, refusal="unpaid")
        self.people = {name: self._person(name) for name in _PEOPLE}
        self.people["waiting"] = self._person("waiting", approved=None)
        self.people["disabled"] = self._person("disabled", disabled=self._now)
        self.people["operator"] = self._person("operator", admin=True)
        self.memberships = [
            *(self._member(name, self.own, name) for name in ("admin", "editor", "viewer")),
            self._member("disabled", self.own, "admin"),
            self._member("waiting", self.own, "admin"),
            self._member("operator", self.own, "viewer"),
            self._member("refused", self.refused, "admin"),
            self._member("both", self.own, "admin"),
            self._member("both", self.other, "viewer"),
            self._member("left", self.gone, "admin"),
            self._member("stranger", self.other, "admin"),
        ]
        invited = self.people["invited"].email
        self.invitations = [
            Invitation(
                organization_id=self.own.id,
                email=invited,
                role="admin",
                invited_by=invited,
                expires=self._now + _AN_HOUR,
            )
        ]
        self.credentials: list[Table] = []
        self.impersonations: list[Impersonation] = []

    def _organization(self, name: str, **state: Any) -> Organization:
        return Organization(slug=f"{self._mark}-{name}", name=name, **state)

    def _person(self, name: str, **state: Any) -> User:
        return User(email=f"{name}@{self._mark}.invalid", **({"approved": self._now} | state))

    def _member(self, person: str, organization: Organization, role: str) -> Membership:
        return Membership(user_id=self.people[person].id, organization_id=organization.id, role=role)

    def api(self, person: str, organization: Organization, **state: Any) -> str:
        """An API token's secret."""
        return self._made(Kind.API, user_id=self.people[person].id, organization_id=organization.id, **state)[1]

    def probe(self, organization: Organization, **state: Any) -> str:
        """A probe token's secret."""
        return self.probe_token(organization, **state)[1]

    def probe_token(self, organization: Organization, **state: Any) -> tuple[str, str]:
        """A probe token's id and secret."""
        return self._made(Kind.PROBE, organization_id=organization.id, **state)

    def session(self, person: str, expires: timedelta = _AN_HOUR, **state: Any) -> str:
        """A session's secret."""
        return self._made(Kind.SESSION, user_id=self.people[person].id, expires=self._now + expires, **state)[1]

    def impersonation(self, person: str, administrator: str = "operator") -> str:
        """The secret of an administrator's session that acts as somebody else."""
        session_id, secret = self._made(
            Kind.SESSION, user_id=self.people[administrator].id, expires=self._now + _AN_HOUR
        )
        self.impersonations.append(
            Impersonation(
                user_id=self.people[person].id,
                administrator_id=self.people[administrator].id,
                session_id=session_id,
                reason="guard",
                expires=self._now + _AN_HOUR,
            )
        )
        return secret

    def login(self, person: str) -> str:
        """A sign-in link's secret."""
        return self._made(Kind.LOGIN, user_id=self.people[person].id, expires=self._now + _AN_HOUR)[1]

    def _made(self, kind: Kind, **values: Any) -> tuple[str, str]:
        secret = secrets.generate(kind)
        named = {"name": "guard"} if kind in (Kind.API, Kind.PROBE) else {}
        row = _TABLES[kind](digest=secrets.digest(secret), **named, **values)
        self.credentials.append(row)
        return row.id, secret

    @asynccontextmanager
    async def present(self, database_url: str) -> AsyncIterator[None]:
        """They are in the database until the end of the block, and nothing of them after it."""
        database = Database(database_url)
        try:
            async with database.begin() as session:
                await self._add(session)
            try:
                yield
            finally:
                async with database.begin() as session:
                    await self._remove(session)
        finally:
            await database.close()

    async def _add(self, session: AsyncSession) -> None:
        for rows in (
            self._organizations(),
            self.people.values(),
            [*self.memberships, *self.invitations],
            self.credentials,
            self.impersonations,
        ):
            session.add_all(rows)
            await session.flush()

    async def _remove(self, session: AsyncSession) -> None:
        """Memberships and credentials go with whom they belong to."""
        organizations = [organization.id for organization in self._organizations()]
        people = [person.id for person in self.people.values()]
        await session.exec(delete(Organization).where(col(Organization.id).in_(organizations)))
        await session.exec(delete(User).where(col(User.id).in_(people)))

    def _organizations(self) -> list[Organization]:
        return [self.own, self.other, self.gone, self.refused]
