"""The tables of the users service, as SQLModel classes; `migrations` makes them.

Every id is 32 hexadecimal characters. Times are UTC. A secret is never here, only its digest.
"""

from users.tables.accounts import ApiToken, LoginToken, Membership, Organization, ProbeToken, Role, Session, User
from users.tables.base import EMAIL_LENGTH, NAME_LENGTH, SLUG_LENGTH, Table, is_id, metadata, new_id

__all__ = [
    "EMAIL_LENGTH",
    "NAME_LENGTH",
    "SLUG_LENGTH",
    "ApiToken",
    "LoginToken",
    "Membership",
    "Organization",
    "ProbeToken",
    "Role",
    "Session",
    "Table",
    "User",
    "is_id",
    "metadata",
    "new_id",
]
