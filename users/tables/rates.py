"""What was used of the rates that all replicas share."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, Interval, LargeBinary
from sqlmodel import Field

from users.tables.base import Table


class Used(Table, table=True):
    """What somebody used of a rate lately; without a row, nothing."""

    __tablename__ = "rates"

    #: The rate's name, `sign_in`.
    name: str = Field(primary_key=True, max_length=32)
    #: SHA-256 of whom it is counted for.
    whom: bytes = Field(primary_key=True, sa_type=LargeBinary)
    #: When all that was used has come back.
    restored: datetime = Field(sa_type=DateTime(timezone=True))
    #: How long whoever asked last has to wait; nothing: it was admitted.
    wait: timedelta = Field(sa_type=Interval)
