"""What the commands share: where the accounts are, and how an answer or a refusal is printed."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar, cast

import grpc
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError
from mesh.validation import validate
from users.database import Database
from users.where import DatabaseSettings

T = TypeVar("T")

#: Answers the page of a list that a request asks for.
Listed = Callable[[Database, Any], Awaitable[T]]

#: How many of a list are read at once.
_PAGE = 1_000
#: What to do about it where something is not there, or away.
_ADVICE = {
    "person": "`scope-users people list --search PART` finds people",
    "organization": "`scope-users organizations list --search PART` finds organizations",
}

# With one of them a data folder has no say.
_IN_ENVIRONMENT = ("DATABASE_URL", "DATABASE_URL_FILE")


class Output(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


class CliSettings(DatabaseSettings):
    """Where the accounts are; see UsersSettings."""

    model_config = SettingsConfigDict(extra="ignore")

    public_url: str = "http://127.0.0.1:8080"


DataOption = Annotated[Path, typer.Option(envvar="DATA", help="The data folder of a local deployment.")]
OutputOption = Annotated[Output, typer.Option(help="How the answer, or a refusal (code, message), is printed.")]
LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]
DATA = Path(".scope")


def settings(data: Path) -> CliSettings:
    """Where the accounts are: by the environment, or in a data folder; without either the program ends."""
    file = data / "users.env"
    try:
        return CliSettings(_env_file=None if any(map(os.environ.get, _IN_ENVIRONMENT)) else file)
    except ValidationError as error:
        if os.environ.get("DATABASE_URL_FILE"):
            fail(error.errors()[0]["msg"].removeprefix("Value error, "))
        fail(
            f"no database: DATABASE_URL is not set and {file} does not exist or has none. Set DATABASE_URL, or name "
            "the data folder of a running `make up` with --data or DATA"
        )


def in_transaction(where: CliSettings, output: Output, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Does the work in one transaction; a refusal is printed and the program ends."""

    async def run(database: Database) -> T:
        async with database.begin() as session:
            return await work(session)

    return with_database(where, output, run)


def pages(where: CliSettings, output: Output, listed: Listed[T], request: Any, *, items: str, limit: int) -> T:
    """The answer with what is on several pages, each read in a transaction of its own.

    Args:
        where: the accounts.
        output: how a refusal is printed.
        listed: answers the page that a request asks for.
        request: which ones to list.
        items: the answer's field that has them.
        limit: how many of them at most.
    """

    async def run(database: Database) -> T:
        validate(request)
        answer: Any = None
        left = limit
        while answer is None or (left and request.page_token):
            request.page_size = min(left, _PAGE)
            page: Any = await listed(database, request)
            left -= len(getattr(page, items))
            request.page_token, page.next_page_token = page.next_page_token, ""
            if answer is None:
                answer = page
            else:
                answer.MergeFrom(page)
        return cast(T, answer)

    return with_database(where, output, run)


def with_database(where: CliSettings, output: Output, work: Callable[[Database], Awaitable[T]]) -> T:
    """Does the work with the accounts; a refusal is printed and the program ends."""

    async def run() -> T:
        database = Database(where.database_url)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except ServiceError as error:
        if output == Output.JSON:
            print_json({"code": error.code.name, "message": error.message})
        fail(error.message + _advice(error))
    except (DBAPIError, ValueError) as error:
        fail(f"{getattr(error, 'orig', error)}; has `scope-users migrate` been run?")


def show(output: Output, answer: Mapping[str, str]) -> None:
    """Prints an answer that is short."""
    if output == Output.JSON:
        print_json(answer)
    else:
        typer.echo("\n".join(f"{key}: {value}" for key, value in answer.items()))


def print_json(answer: Mapping[str, Any] | Sequence[Any]) -> None:
    """Prints an answer for programs."""
    typer.echo(json.dumps(answer))


def _advice(error: ServiceError) -> str:
    """What to do next about a refusal."""
    if error.code == grpc.StatusCode.UNAVAILABLE:
        return ". Is the database that DATABASE_URL names up, and the URL right?"
    advice = _ADVICE.get(error.metadata.get("resource", ""))
    return f"; {advice}" if advice else ""


def fail(message: str) -> NoReturn:
    """Ends the program with what is wrong."""
    typer.secho(f"error: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
