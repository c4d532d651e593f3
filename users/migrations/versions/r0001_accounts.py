"""Users, organizations, memberships, tokens and sessions.

Revision: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the first tables."""
    _users()
    _organizations()
    _memberships()
    _credential("probe_tokens", _organization(), *_named_and_revocable())
    _credential("api_tokens", _user(), _organization(), *_named_and_revocable())
    _credential("sessions", _user(), _expires(), _optional_time("last_used"), _optional_time("revoked"))
    _credential("login_tokens", _user(), _expires(), _optional_time("used"))


def _users() -> None:
    op.create_table(
        "users",
        _id(),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        _optional_time("disabled"),
        _created(),
        sa.CheckConstraint("email = lower(email)", name="ck_users_email_lower"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )


def _organizations() -> None:
    op.create_table(
        "organizations",
        _id(),
        sa.Column("slug", sa.String(63), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        _created(),
        _optional_time("deleted"),
        sa.CheckConstraint("slug = lower(slug)", name="ck_organizations_slug_lower"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("slug", name="uq_organizations_slug"),
    )


def _memberships() -> None:
    op.create_table(
        "memberships",
        _user(),
        _organization(),
        sa.Column("role", sa.String(16), nullable=False),
        _created(),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="ck_memberships_role"),
        *_references("memberships", "organization_id", "user_id"),
        sa.PrimaryKeyConstraint("user_id", "organization_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_organization_id", "memberships", ["organization_id"])


def _credential(table: str, *columns: sa.Column[Any]) -> None:
    names = {column.name for column in columns}
    op.create_table(
        table,
        _id(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *columns,
        _created(),
        *_references(table, *names & {"organization_id", "user_id"}),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("digest", name=f"uq_{table}_digest"),
    )
    for name in sorted(names & {"organization_id", "user_id", "expires"}):
        op.create_index(f"ix_{table}_{name}", table, [name])


def _references(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            [column], [f"{column.removesuffix('_id')}s.id"], name=f"fk_{table}_{column}", ondelete="CASCADE"
        )
        for column in columns
    ]


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.String(32), nullable=False)


def _user() -> sa.Column[Any]:
    return sa.Column("user_id", sa.String(32), nullable=False)


def _organization() -> sa.Column[Any]:
    return sa.Column("organization_id", sa.String(32), nullable=False)


def _created() -> sa.Column[Any]:
    return sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _expires() -> sa.Column[Any]:
    return sa.Column("expires", sa.DateTime(timezone=True), nullable=False)


def _optional_time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _named_and_revocable() -> list[sa.Column[Any]]:
    return [sa.Column("name", sa.String(100), nullable=False), _optional_time("last_used"), _optional_time("revoked")]
