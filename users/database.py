"""The database: bounded, and away rather than wrong when it cannot be reached."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy.exc
from sqlalchemy import Executable, Row
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import unavailable
from scope.errors.v1.errors_pb2 import Reason

#: Connections of one process to the database, at most.
CONNECTIONS = 10
#: How long a transaction may take, waiting for a connection included, in seconds: less than the edge waits for Check.
PATIENCE = 4.0

_CONNECT: dict[str, str | int] = {
    "connect_timeout": 3,
    "options": "-c statement_timeout=3000 -c idle_in_transaction_session_timeout=10000",
    "application_name": "scope-users",
}
_AWAY = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    TimeoutError,
    OSError,
)


def psycopg_url(url: str) -> URL:
    """A `postgresql://` URL as SQLAlchemy needs it; raises ValueError for another kind."""
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise ValueError("DATABASE_URL is not a URL; it is like postgresql://user:password@host:5432/scope") from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError(f"DATABASE_URL names {parsed.get_backend_name()!r}; only postgresql:// is known")
    return parsed.set(drivername="postgresql+psycopg")


class Database:
    """A pool of connections to PostgreSQL.

    Args:
        url: `postgresql://user:password@host:port/name`.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(
            psycopg_url(url),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_pre_ping=True,
            connect_args=_CONNECT,
            hide_parameters=True,
        )
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end, rolled back by any exception.

        Raises:
            ServiceError: UNAVAILABLE, DATABASE_UNAVAILABLE, when the database cannot be reached or does not answer.
        """
        async with _reached(), AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def read(self, statement: Executable, values: Mapping[str, object]) -> Sequence[Row[Any]]:
        """The rows of one statement, without the round trips of a transaction; raises like `begin`."""
        async with _reached(), self._reading.connect() as connection:
            return (await connection.execute(statement, values)).all()

    def in_use(self) -> int:
        """How many connections are in use; in any thread."""
        pool = self._engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)
        return pool.checkedout()

    async def close(self) -> None:
        """Closes every connection."""
        await self._engine.dispose()


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    """Bounds what is done with the database in time, and says when it cannot be reached."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except _AWAY as error:
        message = "the accounts cannot be reached and nothing was changed; try again in a moment"
        raise unavailable(Reason.REASON_DATABASE_UNAVAILABLE, message) from error
