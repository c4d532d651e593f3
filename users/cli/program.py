"""What the commands share: where the accounts are, and how an answer or a refusal is printed."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError
from users.database import Database

T = TypeVar("T")


class Output(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


class CliSettings(BaseSettings):
    """Where the accounts are; see UsersSettings."""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: str
    public_url: str = "http://127.0.0.1:8080"


DataOption = Annotated[Path, typer.Option(envvar="DATA", help="The data folder of a local deployment.")]
OutputOption = Annotated[Output, typer.Option(help="How the answer, or a refusal (code, message), is printed.")]
DATA = Path(".scope")


def settings(data: Path) -> CliSettings:
    """Where the accounts are: by the environment, or in a data folder; without either the program ends."""
    file = data / "users.env"
    try:
        return CliSettings(_env_file=None if os.environ.get("DATABASE_URL") else file)
    except ValidationError:
        fail(
            f"no database: DATABASE_URL is not set and {file} does not exist or has none. Set DATABASE_URL, or name "
            "the data folder of a running `make up` with --data or DATA"
        )


def in_transaction(where: CliSettings, output: Output, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Does the work in one transaction; a refusal is printed and the program ends."""

    async def run() -> T:
        database = Database(where.database_url)
        try:
            async with database.begin() as session:
                return await work(session)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except ServiceError as error:
        if output == Output.JSON:
            print_json({"code": error.code.name, "message": error.message})
        fail(error.message)
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


def fail(message: str) -> NoReturn:
    """Ends the program with what is wrong."""
    typer.secho(f"error: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
