"""`scope-users`: what an operator does with accounts."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError
from users import migrations, organizations, sign_in
from users.database import Database

T = TypeVar("T")

app = typer.Typer(help="Manages the accounts of a deployment.", no_args_is_help=True, add_completion=False)


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
_DATA = Path(".scope")


@app.command()
def migrate(data: DataOption = _DATA) -> None:
    """Bring the database's tables to this version; safe with several at once."""
    url = _settings(data).database_url
    try:
        migrations.migrate(url)
    except (DBAPIError, ValueError) as error:
        _fail(f"the tables could not be brought to this version: {getattr(error, 'orig', error)}")


@app.command()
def create_organization(
    name: Annotated[str, typer.Argument(help="Its name, in lower case also what requests call it by.")],
    admin: Annotated[
        str | None, typer.Option(help="Who administers it; by default the deployment's first administrator.")
    ] = None,
    output: OutputOption = Output.TEXT,
    data: DataOption = _DATA,
) -> None:
    """Make an organization and print its first tokens, which cannot be shown again.

    A name that is taken is refused with the code ALREADY_EXISTS.
    """
    settings = _settings(data)
    created = _in_transaction(settings, output, lambda session: organizations.create(session, name, admin))
    _print(output, asdict(created))


@app.command()
def login_link(
    email: Annotated[str, typer.Argument(help="Whom it signs in.")],
    output: OutputOption = Output.TEXT,
    data: DataOption = _DATA,
) -> None:
    """Print a link that signs a person in, once, within 10 minutes."""
    settings = _settings(data)
    link = _in_transaction(settings, output, lambda session: sign_in.create_link(session, email, settings.public_url))
    if output == Output.TEXT:
        typer.echo(link)
    else:
        _print(output, {"login_url": link, "email": email.strip().lower()})


def _settings(data: Path) -> CliSettings:
    file = data / "users.env"
    try:
        return CliSettings(_env_file=None if os.environ.get("DATABASE_URL") else file)
    except ValidationError:
        _fail(
            f"no database: DATABASE_URL is not set and {file} does not exist or has none. Set DATABASE_URL, or name "
            "the data folder of a running `make up` with --data or DATA"
        )


def _in_transaction(settings: CliSettings, output: Output, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(settings.database_url)
        try:
            async with database.begin() as session:
                return await work(session)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except ServiceError as error:
        if output == Output.JSON:
            _print(output, {"code": error.code.name, "message": error.message})
        _fail(error.message)
    except (DBAPIError, ValueError) as error:
        _fail(f"{getattr(error, 'orig', error)}; has `scope-users migrate` been run?")


def _print(output: Output, answer: dict[str, str]) -> None:
    text = (
        json.dumps(answer) if output == Output.JSON else "\n".join(f"{key}: {value}" for key, value in answer.items())
    )
    typer.echo(text)


def _fail(message: str) -> NoReturn:
    typer.secho(f"error: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(1)


def main() -> None:
    """The program."""
    app()
