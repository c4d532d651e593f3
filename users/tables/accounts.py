"""People, organizations, and the credentials they hold."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, String
from sqlmodel import Field

from users.tables.base import (
    ADDRESS_LENGTH,
    EMAIL_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    SLUG_LENGTH,
    USER_AGENT_LENGTH,
    Table,
    digest_column,
    flag_column,
    id_column,
    reference_column,
    time_column,
)


class Role(StrEnum):
    """A person's place in an organization, least first."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


class User(Table, table=True):
    """A person."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: str = id_column()
    email: str = Field(max_length=EMAIL_LENGTH, unique=True)
    #: Whether the person administers the deployment.
    admin: bool = False
    disabled: datetime | None = time_column()
    disabled_reason: str | None = Field(default=None, max_length=REASON_LENGTH)
    created: datetime = time_column(now=True)
    #: Since when the person may sign in; until then the person waits.
    approved: datetime | None = time_column()
    last_login: datetime | None = time_column()


class Organization(Table, table=True):
    """A tenant. Its slug is never given to another, not even after it was deleted."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("slug = lower(slug)", name="slug_lower"),)

    id: str = id_column()
    slug: str = Field(max_length=SLUG_LENGTH, unique=True)
    name: str = Field(max_length=NAME_LENGTH)
    created: datetime = time_column(now=True)
    deleted: datetime | None = time_column()
    #: Since when nothing of it is left but this row.
    purged: datetime | None = time_column()
    #: Whether its members, and its probes, are refused; and why.
    access_refused: bool = flag_column()
    upload_refused: bool = flag_column()
    refusal: str | None = Field(default=None, max_length=REASON_LENGTH)
    #: How many probes may report, and how many reports a second, where that is not the deployment's limit.
    probes: int | None = None
    reports_per_second: int | None = None


class Membership(Table, table=True):
    """A person's place in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),)

    user_id: str = reference_column("users.id", primary_key=True, index=False)
    organization_id: str = reference_column("organizations.id", primary_key=True)
    role: str = Field(max_length=16)
    created: datetime = time_column(now=True)


class _Token(Table):
    """What tokens of all kinds have."""

    id: str = id_column()
    organization_id: str = reference_column("organizations.id")
    name: str = Field(max_length=NAME_LENGTH)
    digest: bytes = digest_column()
    created: datetime = time_column(now=True)
    last_used: datetime | None = time_column()
    revoked: datetime | None = time_column()
    expires: datetime | None = time_column()
    #: The token that takes its place.
    replaced_by: str | None = Field(default=None, max_length=32)


class ProbeToken(_Token, table=True):
    """With it probes report to one organization."""

    __tablename__ = "probe_tokens"


class ApiToken(_Token, table=True):
    """With it a program acts as a person in one organization."""

    __tablename__ = "api_tokens"

    user_id: str = reference_column("users.id")
    #: What it may do of what the person may; absent: all of it.
    permissions: list[str] | None = Field(default=None, sa_type=ARRAY(String))
    #: The token that it was made with, and is revoked with.
    parent_id: str | None = Field(
        default=None, foreign_key="api_tokens.id", ondelete="CASCADE", max_length=32, index=True
    )


class Session(Table, table=True):
    """A browser that is signed in."""

    __tablename__ = "sessions"

    id: str = id_column()
    user_id: str = reference_column("users.id")
    digest: bytes = digest_column()
    created: datetime = time_column(now=True)
    expires: datetime = time_column(index=True)
    last_used: datetime | None = time_column()
    revoked: datetime | None = time_column()
    #: From where, and with what, the person signed in.
    address: str | None = Field(default=None, max_length=ADDRESS_LENGTH)
    user_agent: str | None = Field(default=None, max_length=USER_AGENT_LENGTH)


class LoginToken(Table, table=True):
    """A sign-in link."""

    __tablename__ = "login_tokens"

    id: str = id_column()
    user_id: str = reference_column("users.id")
    digest: bytes = digest_column()
    created: datetime = time_column(now=True)
    expires: datetime = time_column(index=True)
    used: datetime | None = time_column()
    #: What the session that it makes begins with.
    impersonation_id: str | None = Field(
        default=None, foreign_key="impersonations.id", ondelete="CASCADE", max_length=32
    )


class Impersonation(Table, table=True):
    """An administrator's session acts as somebody else for a while."""

    __tablename__ = "impersonations"

    id: str = id_column()
    user_id: str = reference_column("users.id")
    administrator_id: str = reference_column("users.id")
    #: Absent until the sign-in link of the command line was used.
    session_id: str | None = Field(
        default=None, foreign_key="sessions.id", ondelete="CASCADE", max_length=32, index=True
    )
    reason: str = Field(max_length=REASON_LENGTH)
    created: datetime = time_column(now=True)
    expires: datetime = time_column(index=True)
    ended: datetime | None = time_column()


class Invitation(Table, table=True):
    """Somebody with that address may become a member."""

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),
    )

    id: str = id_column()
    organization_id: str = reference_column("organizations.id")
    email: str = Field(max_length=EMAIL_LENGTH, index=True)
    role: str = Field(max_length=16)
    #: The address of who invites.
    invited_by: str = Field(max_length=EMAIL_LENGTH)
    created: datetime = time_column(now=True)
    expires: datetime = time_column(index=True)
    #: Since when it is neither open nor expired: accepted, declined or taken back.
    closed: datetime | None = time_column()
