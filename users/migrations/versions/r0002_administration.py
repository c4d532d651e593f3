"""Approval, invitations, impersonation, what organizations are refused, tokens that end, and the audit.

Columns are added only, and what was there before needs none of them.

Revision: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns and tables."""
    _users()
    _organizations()
    _tokens()
    _sessions()
    _impersonations()
    _invitations()
    _audit_events()


def _users() -> None:
    _add("users", _time("approved"), _time("last_login"), _text("disabled_reason", 500))
    op.execute("UPDATE users SET approved = created")


def _organizations() -> None:
    _add("organizations", _time("purged"), _flag("access_refused"), _flag("upload_refused"), _text("refusal", 500))
    _add("organizations", sa.Column("probes", sa.Integer()), sa.Column("reports_per_second", sa.Integer()))


def _tokens() -> None:
    for table in ("probe_tokens", "api_tokens"):
        _add(table, _time("expires"), _text("replaced_by", 32))
    _add("api_tokens", sa.Column("permissions", sa.ARRAY(sa.String())), _text("parent_id", 32))
    _refer("api_tokens", "parent_id", "api_tokens")
    op.create_index("ix_api_tokens_parent_id", "api_tokens", ["parent_id"])


def _sessions() -> None:
    _add("sessions", _text("address", 45), _text("user_agent", 255))


def _impersonations() -> None:
    op.create_table(
        "impersonations",
        _id(),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("administrator_id", sa.String(32), nullable=False),
        _text("session_id", 32),
        sa.Column("reason", sa.String(500), nullable=False),
        _created(),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        _time("ended"),
        sa.PrimaryKeyConstraint("id", name="pk_impersonations"),
    )
    for column, table in (("user_id", "users"), ("administrator_id", "users"), ("session_id", "sessions")):
        _refer("impersonations", column, table)
    for column in ("user_id", "administrator_id", "session_id", "expires"):
        op.create_index(f"ix_impersonations_{column}", "impersonations", [column])
    _add("login_tokens", _text("impersonation_id", 32))
    _refer("login_tokens", "impersonation_id", "impersonations")


def _invitations() -> None:
    op.create_table(
        "invitations",
        _id(),
        sa.Column("organization_id", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("invited_by", sa.String(254), nullable=False),
        _created(),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        _time("closed"),
        sa.CheckConstraint("email = lower(email)", name="ck_invitations_email_lower"),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="ck_invitations_role"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
    )
    _refer("invitations", "organization_id", "organizations")
    for column in ("organization_id", "email", "expires"):
        op.create_index(f"ix_invitations_{column}", "invitations", [column])


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        _id(),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        _flag("refused"),
        sa.Column("actor", sa.String(64), nullable=False),
        _text("actor_email", 254),
        sa.Column("credential", sa.String(64), nullable=False),
        _text("impersonator", 32),
        _text("address", 45),
        _text("organization_id", 32),
        sa.Column("subject", sa.String(254), nullable=False),
        sa.Column("before", JSONB()),
        sa.Column("after", JSONB()),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_organization_id_time_id", "audit_events", ["organization_id", "time", "id"])
    op.create_index("ix_audit_events_time_id", "audit_events", ["time", "id"])


def _add(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)


def _refer(table: str, column: str, to: str) -> None:
    op.create_foreign_key(f"fk_{table}_{column}", table, to, [column], ["id"], ondelete="CASCADE")


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.String(32), nullable=False)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _created() -> sa.Column[Any]:
    return sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _text(name: str, length: int) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=True)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)
