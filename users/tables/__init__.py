"""The tables of the users service, as SQLModel classes; `migrations` makes them.

Every id is 32 hexadecimal characters. Times are UTC. A secret is never here, only its digest.
"""

from users.tables.accounts import (
    ApiToken,
    Impersonation,
    Invitation,
    LoginToken,
    Membership,
    Organization,
    ProbeToken,
    Role,
    Session,
    User,
)
from users.tables.audit import AuditEvent
from users.tables.base import EMAIL_LENGTH, NAME_LENGTH, SLUG_LENGTH, Table, is_id, metadata, new_id
from users.tables.mail import Mail
from users.tables.rates import Used

__all__ = [
    "EMAIL_LENGTH",
    "NAME_LENGTH",
    "SLUG_LENGTH",
    "ApiToken",
    "AuditEvent",
    "Impersonation",
    "Invitation",
    "LoginToken",
    "Mail",
    "Membership",
    "Organization",
    "ProbeToken",
    "Role",
    "Session",
    "Table",
    "Used",
    "User",
    "is_id",
    "metadata",
    "new_id",
]
