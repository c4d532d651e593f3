"""The tables of the users service, as SQLModel classes; `migrations` makes them.

Every id is 32 hexadecimal characters. Times are UTC. A secret is never here, only its digest.
"""

import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, LargeBinary, MetaData, func
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
EMAIL_LENGTH = 254
NAME_LENGTH = 100
SLUG_LENGTH = 63

_ID = re.compile(r"[0-9a-f]{32}")

metadata = MetaData(naming_convention=NAMING)


def new_id() -> str:
    """A random id, safe in NATS subjects and stream names."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether text from outside has the form of an id; no other text need reach the database."""
    return _ID.fullmatch(text) is not None


def _time(*, now: bool = False, index: bool = False) -> Any:
    default = {"server_default": func.now()} if now else {}
    return Field(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs=default,
        nullable=not now and not index,
        index=index,
    )


def _id() -> Any:
    return Field(default_factory=new_id, primary_key=True, max_length=32)


def _reference(column: str, *, primary_key: bool = False, index: bool = True) -> Any:
    return Field(foreign_key=column, ondelete="CASCADE", max_length=32, primary_key=primary_key, index=index)


def _digest() -> Any:
    return Field(sa_type=LargeBinary, unique=True)


class Table(SQLModel):
    """What all tables share: one catalogue with predictable names of constraints."""

    metadata = metadata


class Role(StrEnum):
    """A person's place in an organization, least first."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


class User(Table, table=True):
    """A person."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: str = _id()
    email: str = Field(max_length=EMAIL_LENGTH, unique=True)
    #: Whether the person administers the deployment.
    admin: bool = False
    disabled: datetime | None = _time()
    created: datetime = _time(now=True)


class Organization(Table, table=True):
    """A tenant. Its slug is never given to another, not even after it was deleted."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("slug = lower(slug)", name="slug_lower"),)

    id: str = _id()
    slug: str = Field(max_length=SLUG_LENGTH, unique=True)
    name: str = Field(max_length=NAME_LENGTH)
    created: datetime = _time(now=True)
    deleted: datetime | None = _time()


class Membership(Table, table=True):
    """A person's place in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),)

    user_id: str = _reference("users.id", primary_key=True, index=False)
    organization_id: str = _reference("organizations.id", primary_key=True)
    role: str = Field(max_length=16)
    created: datetime = _time(now=True)


class ProbeToken(Table, table=True):
    """With it probes report to one organization."""

    __tablename__ = "probe_tokens"

    id: str = _id()
    organization_id: str = _reference("organizations.id")
    name: str = Field(max_length=NAME_LENGTH)
    digest: bytes = _digest()
    created: datetime = _time(now=True)
    last_used: datetime | None = _time()
    revoked: datetime | None = _time()


class ApiToken(Table, table=True):
    """With it a program acts as a person in one organization."""

    __tablename__ = "api_tokens"

    id: str = _id()
    user_id: str = _reference("users.id")
    organization_id: str = _reference("organizations.id")
    name: str = Field(max_length=NAME_LENGTH)
    digest: bytes = _digest()
    created: datetime = _time(now=True)
    last_used: datetime | None = _time()
    revoked: datetime | None = _time()


class Session(Table, table=True):
    """A browser that is signed in."""

    __tablename__ = "sessions"

    id: str = _id()
    user_id: str = _reference("users.id")
    digest: bytes = _digest()
    created: datetime = _time(now=True)
    expires: datetime = _time(index=True)
    last_used: datetime | None = _time()
    revoked: datetime | None = _time()


class LoginToken(Table, table=True):
    """A sign-in link."""

    __tablename__ = "login_tokens"

    id: str = _id()
    user_id: str = _reference("users.id")
    digest: bytes = _digest()
    created: datetime = _time(now=True)
    expires: datetime = _time(index=True)
    used: datetime | None = _time()
