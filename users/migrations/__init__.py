"""Makes and changes the tables: one job, safe when several run it at once.

A migration works before, during and after a change of the running code: it adds, and a later one removes.
"""

import time
from importlib.resources import files

from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from users.database import psycopg_url

#: The advisory lock that one migration holds while others wait: "scope" in ASCII.
LOCK = 0x73636F7065
#: How long tables that others hold are tried for again, in seconds.
PATIENCE = 60.0

# Shorter than it takes PostgreSQL to look for a deadlock, whose victim might be a caller.
_WAIT_MS = 300
_PAUSE = 0.1


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; there is no file of it."""
    made = Config()
    made.set_main_option("script_location", str(files(__name__)).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def migrate(url: str) -> None:
    """Brings the database's tables to the newest revision; does nothing when they are there.

    Those who use the tables meanwhile wait for it, and it does not wait for them: where somebody holds a table that it
    wants, and may want one that it holds, it lets go of all and tries again.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached, or somebody holds a table for too long.
    """
    engine = create_engine(psycopg_url(url), poolclass=NullPool, connect_args={"connect_timeout": 5})
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return _migrate(engine)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable) or time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = {_WAIT_MS}"))
        command.upgrade(config(connection), "head")
