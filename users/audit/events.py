"""What an event says, as a row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from mesh.identity import current
from scope.auth.v1.identity_pb2 import Identity
from users.audit.actions import Action
from users.tables import User, new_id
from users.tables.audit import SUBJECT_LENGTH

#: Who does what is done without a caller: the command line, and users itself.
OPERATOR = "operator"

Facts = Mapping[str, Any]


def caller() -> Identity:
    """Who calls; where nobody does, an identity that says nothing."""
    try:
        return current()
    except LookupError:
        return Identity()


def row(
    action: Action | str,
    by: Identity,
    *,
    organization: str = "",
    subject: str = "",
    before: Facts | None = None,
    after: Facts | None = None,
    refused: bool = False,
    actor: str = "",
    time: datetime | None = None,
) -> dict[str, Any]:
    """The values of an event by column, without the actor's address; without a time, it is the transaction's."""
    values = {
        "id": new_id(),
        "action": action,
        "refused": refused,
        "actor": actor or by.subject or OPERATOR,
        "credential": by.credential,
        "impersonator": by.impersonator or None,
        "address": by.address or None,
        "organization_id": organization or None,
        "subject": subject.replace("\0", "")[:SUBJECT_LENGTH],
        "before": before,
        "after": after,
    }
    return values | ({"time": time} if time else {})


def addressed(values: dict[str, Any]) -> dict[str, Any]:
    """The same with the address that the actor has when they are written."""
    email = select(col(User.email)).where(col(User.id) == values["actor"])
    return values | {"actor_email": email.scalar_subquery()}
