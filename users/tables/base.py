"""What tables are made of."""

import re
import secrets
from typing import Any

from sqlalchemy import DateTime, LargeBinary, MetaData, func, text
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
REASON_LENGTH = 500
ADDRESS_LENGTH = 45
USER_AGENT_LENGTH = 255

_ID = re.compile(r"[0-9a-f]{32}")

metadata = MetaData(naming_convention=NAMING)


def new_id() -> str:
    """A random id, safe in NATS subjects and stream names."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether text from outside has the form of an id; no other text need reach the database."""
    return _ID.fullmatch(text) is not None


def time_column(*, now: bool = False, index: bool = False) -> Any:
    """A time; `now`: the moment a row is made; neither that nor indexed: it may be absent."""
    default = {"server_default": func.now()} if now else {}
    return Field(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs=default,
        nullable=not now and not index,
        index=index,
    )


def flag_column() -> Any:
    """A fact that does not hold unless somebody says so."""
    return Field(default=False, sa_column_kwargs={"server_default": text("false")})


def id_column() -> Any:
    """The primary key."""
    return Field(default_factory=new_id, primary_key=True, max_length=32)


def reference_column(column: str, *, primary_key: bool = False, index: bool = True) -> Any:
    """The id of a row elsewhere, with which this one goes."""
    return Field(foreign_key=column, ondelete="CASCADE", max_length=32, primary_key=primary_key, index=index)


def digest_column() -> Any:
    """What is kept of a secret."""
    return Field(sa_type=LargeBinary, unique=True)


class Table(SQLModel):
    """What all tables share: one catalogue with predictable names of constraints."""

    metadata = metadata
