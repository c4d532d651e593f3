"""Events are added and never changed.

Whoever deletes some says in the same transaction, as `scope.audit_keep`, for how long events are kept, and only older
ones go; none goes within 30 days, whatever is said.

Revision: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_FUNCTION = """
    CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        keep text := coalesce(current_setting('scope.audit_keep', true), '');
    BEGIN
        IF TG_OP = 'DELETE' AND keep <> '' THEN
            IF OLD.time < now() - greatest(keep::interval, interval '30 days') THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'audit_events: events are added, and neither changed nor deleted before their time';
    END
    $$
"""


def upgrade() -> None:
    """Makes the triggers that refuse anything else."""
    op.execute(_FUNCTION)
    op.execute(
        "CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE ON audit_events"
        " FOR EACH ROW EXECUTE FUNCTION audit_events_stay()"
    )
    op.execute(
        "CREATE TRIGGER audit_events_stay_all BEFORE TRUNCATE ON audit_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stay()"
    )
