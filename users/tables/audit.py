"""What was done and refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from users.tables.base import ADDRESS_LENGTH, EMAIL_LENGTH, Table, flag_column, id_column, time_column

ACTION_LENGTH = 100
SUBJECT_LENGTH = 254


class AuditEvent(Table, table=True):
    """One event; rows are added and never changed. It outlives whom and what it names."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_organization_id_time_id", "organization_id", "time", "id"),
        Index("ix_audit_events_time_id", "time", "id"),
    )

    id: str = id_column()
    time: datetime = time_column(now=True)
    action: str = Field(max_length=ACTION_LENGTH)
    refused: bool = flag_column()
    #: A person's id, a token's, or `operator`.
    actor: str = Field(max_length=64)
    actor_email: str | None = Field(default=None, max_length=EMAIL_LENGTH)
    #: As in Identity.credential.
    credential: str = Field(max_length=64)
    impersonator: str | None = Field(default=None, max_length=32)
    address: str | None = Field(default=None, max_length=ADDRESS_LENGTH)
    organization_id: str | None = Field(default=None, max_length=32)
    subject: str = Field(max_length=SUBJECT_LENGTH)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
