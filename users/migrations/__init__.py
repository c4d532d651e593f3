"""Makes and changes the tables: one job, safe when several run it at once.

A migration works before, during and after a change of the running code: it adds, and a later one removes.
"""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from users.database import psycopg_url

#: The advisory lock that one migration holds while others wait: "scope" in ASCII.
LOCK = 0x73636F7065


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; there is no file of it."""
    made = Config()
    made.set_main_option("script_location", str(files(__name__)).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def migrate(url: str) -> None:
    """Brings the database's tables to the newest revision; does nothing when they are there.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    engine = create_engine(psycopg_url(url), poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        command.upgrade(config(connection), "head")
