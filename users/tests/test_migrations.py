"""The migration job."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from users.database import psycopg_url
from users.migrations import migrate
from users.tables import metadata


def test_several_at_once_and_once_more(postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [postgres_url] * 4))
    migrate(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_they_make_the_tables_that_the_code_knows(postgres_url: str) -> None:
    migrate(postgres_url)
    with create_engine(psycopg_url(postgres_url), poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_that_is_away_is_said() -> None:
    with pytest.raises(OperationalError):
        migrate("postgresql://nobody@127.0.0.1:1/nothing")
