"""Credentials that only who has the data folder can make."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import col, select

from mesh.contracts import service_of
from mesh.identity import sign
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from users import secrets
from users.database import Database
from users.identity import Keys
from users.secrets import Kind
from users.tables import ApiToken

_NAME = "made by tests.load, for a moment"


def _database_url(data: Path) -> str:
    lines = (data / "users.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)["DATABASE_URL"]


@asynccontextmanager
async def api_tokens(data: Path, like: str, count: int) -> AsyncIterator[list[str]]:
    """So many more API tokens of whoever holds one; they are there until the end of the block."""
    database = Database(_database_url(data))
    made = [secrets.generate(Kind.API) for _ in range(count)]
    holder = await owner(database, like)
    rows = [
        ApiToken(
            user_id=holder.user_id,
            organization_id=holder.organization_id,
            name=_NAME,
            digest=secrets.digest(secret),
        )
        for secret in made
    ]
    try:
        async with database.begin() as session:
            session.add_all(rows)
        try:
            yield made
        finally:
            async with database.begin() as session:
                await session.exec(
                    delete(ApiToken).where(col(ApiToken.name) == _NAME, col(ApiToken.user_id) == holder.user_id)
                )
    finally:
        await database.close()


async def owner(database: Database, token: str) -> ApiToken:
    """What the accounts say of an API token."""
    async with database.begin() as session:
        chosen = select(ApiToken).where(ApiToken.digest == secrets.digest(token))
        return (await session.exec(chosen)).one()


async def identity(data: Path, token: str, rpc: str) -> str:
    """The identity that users would sign for an RPC for the holder of an API token, good for a minute."""
    database = Database(_database_url(data))
    try:
        holder = await owner(database, token)
    finally:
        await database.close()
    made = Identity(
        subject=holder.user_id,
        organization=holder.organization_id,
        permissions=["report.view"],
        credential=f"api:{holder.id}",
        caller=Caller.CALLER_USER,
        rpc=rpc,
        audience=service_of(rpc),
    )
    return sign(made, Keys.read(data / "secrets" / "identity.pem").signing)
