"""People, organizations, and the credentials they hold."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from users.tables.base import (
    EMAIL_LENGTH,
    NAME_LENGTH,
    SLUG_LENGTH,
    Table,
    digest_column,
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
    created: datetime = time_column(now=True)


class Organization(Table, table=True):
    """A tenant. Its slug is never given to another, not even after it was deleted."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("slug = lower(slug)", name="slug_lower"),)

    id: str = id_column()
    slug: str = Field(max_length=SLUG_LENGTH, unique=True)
    name: str = Field(max_length=NAME_LENGTH)
    created: datetime = time_column(now=True)
    deleted: datetime | None = time_column()


class Membership(Table, table=True):
    """A person's place in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),)

    user_id: str = reference_column("users.id", primary_key=True, index=False)
    organization_id: str = reference_column("organizations.id", primary_key=True)
    role: str = Field(max_length=16)
    created: datetime = time_column(now=True)


class ProbeToken(Table, table=True):
    """With it probes report to one organization."""

    __tablename__ = "probe_tokens"

    id: str = id_column()
    organization_id: str = reference_column("organizations.id")
    name: str = Field(max_length=NAME_LENGTH)
    digest: bytes = digest_column()
    created: datetime = time_column(now=True)
    last_used: datetime | None = time_column()
    revoked: datetime | None = time_column()


class ApiToken(Table, table=True):
    """With it a program acts as a person in one organization."""

    __tablename__ = "api_tokens"

    id: str = id_column()
    user_id: str = reference_column("users.id")
    organization_id: str = reference_column("organizations.id")
    name: str = Field(max_length=NAME_LENGTH)
    digest: bytes = digest_column()
    created: datetime = time_column(now=True)
    last_used: datetime | None = time_column()
    revoked: datetime | None = time_column()


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


class LoginToken(Table, table=True):
    """A sign-in link."""

    __tablename__ = "login_tokens"

    id: str = id_column()
    user_id: str = reference_column("users.id")
    digest: bytes = digest_column()
    created: datetime = time_column(now=True)
    expires: datetime = time_column(index=True)
    used: datetime | None = time_column()
