"""The migration job."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from users.database import psycopg_url
from users.migrations import LOCK, config, migrate
from users.tables import metadata


def test_several_at_once_and_once_more(postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [postgres_url] * 4))
    migrate(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_one_waits_for_another(postgres_url: str) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = %s::oid"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(postgres_url, autocommit=True) as other:
        (database,) = other.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone() or (0,)
        other.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        job = pool.submit(migrate, postgres_url)
        deadline = time.monotonic() + 60
        while other.execute(waiting, (database,)).fetchone() != (1,):
            assert not job.done()
            assert time.monotonic() < deadline
        assert other.execute("SELECT to_regclass('users')").fetchone() == (None,)
        other.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
        job.result(60)
        assert other.execute("SELECT to_regclass('users')").fetchone() == ("users",)


def test_who_uses_the_tables_is_let_through_first(postgres_url: str) -> None:
    """Whoever holds one table and then wants another that the migration holds: neither of the two fails."""
    with create_engine(psycopg_url(postgres_url), poolclass=NullPool).begin() as connection:
        command.upgrade(config(connection), "0001")
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'organizations'::regclass AND NOT granted"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(postgres_url) as caller:
        caller.execute("SELECT count(*) FROM organizations")
        job = pool.submit(migrate, postgres_url)
        with psycopg.connect(postgres_url, autocommit=True) as watching:
            deadline = time.monotonic() + 15
            while watching.execute(waiting).fetchone() != (1,):
                assert not job.done()
                assert time.monotonic() < deadline
        caller.execute("SELECT count(*) FROM users")
        caller.commit()
        job.result(60)


def test_they_make_the_tables_that_the_code_knows(postgres_url: str) -> None:
    migrate(postgres_url)
    with create_engine(psycopg_url(postgres_url), poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_that_is_away_is_said() -> None:
    with pytest.raises(OperationalError):
        migrate("postgresql://nobody@127.0.0.1:1/nothing")
