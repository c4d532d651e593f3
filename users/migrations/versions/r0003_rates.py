"""What was used of rates.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "rates",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("whom", sa.LargeBinary(), nullable=False),
        sa.Column("restored", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait", sa.Interval(), nullable=False),
        sa.PrimaryKeyConstraint("name", "whom", name="pk_rates"),
    )
