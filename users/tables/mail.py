"""Mail that is to be sent."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from users.tables.base import EMAIL_LENGTH, Table, id_column, time_column


class Mail(Table, table=True):
    """A mail to somebody, kept for a week. It holds no secret: links are made when it is sent."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "due", postgresql_where=text("done IS NULL")),)

    id: str = id_column()
    #: On what occasion it is written; see users.mail.Occasion.
    occasion: str = Field(max_length=32)
    recipient: str = Field(max_length=EMAIL_LENGTH)
    #: What is to be said, by name.
    facts: dict[str, str] = Field(sa_type=JSONB)
    created: datetime = time_column(now=True)
    #: When it is tried next; while somebody is at it, when another may take it over.
    due: datetime = time_column(now=True)
    #: How often it was tried.
    attempts: int = 0
    #: When there was nothing more to do about it.
    done: datetime | None = time_column()
    #: What became of it, or of the last attempt.
    outcome: str = Field(default="", max_length=200)
