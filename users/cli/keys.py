"""The commands that replace a deployment's keys."""

import math
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mesh.identity import LEEWAY, LIFETIME
from mesh.limits import LOG_MAX_AGE
from users import rotation
from users.cli.program import DATA, DataOption, fail
from users.rotation import KeyFile, Wait

app = typer.Typer(help="Replaces the keys of a deployment while it runs.", no_args_is_help=True)


class Which(StrEnum):
    """Which keys."""

    IDENTITY = "identity"
    MESH = "mesh"


class KeySettings(BaseSettings):
    """Where the keys are, by the names that the services have for it."""

    model_config = SettingsConfigDict(extra="ignore")

    identity_key_file: Path
    mesh_key_file: Path
    #: Collection's: how long reports with a seal of an old mesh key are read, in seconds.
    log_max_age: float = LOG_MAX_AGE

    def file(self, which: Which) -> KeyFile:
        """A file of keys."""
        if which == Which.IDENTITY:
            return KeyFile(self.identity_key_file, rotation.IDENTITY)
        return KeyFile(self.mesh_key_file, rotation.MESH)

    def keep(self, which: Which, spread: float) -> timedelta:
        """How long a retired key is still needed."""
        reports = self.log_max_age if which == Which.MESH else 0
        return timedelta(seconds=spread + LIFETIME + LEEWAY + reports)


SpreadOption = Annotated[
    float, typer.Option(min=0, help="Seconds until every process on every machine has read a file that was changed.")
]
_SPREAD = 15.0


@app.command()
def rotate(
    which: Annotated[Which, typer.Argument(help="Which keys.")] = Which.IDENTITY,
    spread: SpreadOption = _SPREAD,
    data: DataOption = DATA,
) -> None:
    """Replace the key that signs, in steps that nobody notices; run it again if it was interrupted.

    The old identity key is dropped at its end, after a minute and a half.

    The old mesh key is needed while there are reports that it sealed; `keys prune` drops it then.
    """
    settings = _settings(data)
    file = settings.file(which)
    try:
        rotation.rotate(file, timedelta(seconds=spread), _until(f"the new {which} key was made; it is used from"))
        typer.echo(f"the new {which} key is used")
        due = rotation.drop(file, settings.keep(which, spread))
        if which == Which.IDENTITY and due:
            _until("what the old one signed has expired, and it is dropped, at")(due)
            due = rotation.drop(file, settings.keep(which, spread))
            typer.echo("the old one is dropped")
    except (OSError, ValueError) as error:
        fail(_said(error))
    _tell(which, due)


@app.command()
def prune(spread: SpreadOption = _SPREAD, data: DataOption = DATA) -> None:
    """Drop the old keys that nothing needs any more."""
    settings = _settings(data)
    for which in Which:
        try:
            due = rotation.drop(settings.file(which), settings.keep(which, spread))
        except (OSError, ValueError) as error:
            fail(_said(error))
        _tell(which, due)


def _tell(which: Which, due: datetime | None) -> None:
    if due:
        typer.echo(f"{which}: an old key is needed until {_time(due)}; `scope-users keys prune` drops it then")
    else:
        typer.echo(f"{which}: there are no old keys")


def _settings(data: Path) -> KeySettings:
    try:
        return KeySettings(_env_file=data / "users.env")
    except ValidationError:
        fail(
            f"no keys: IDENTITY_KEY_FILE and MESH_KEY_FILE are not set and not in {data / 'users.env'}. Set them, or "
            "name the data folder of a running `make up` with --data or DATA"
        )


def _until(said: str) -> Wait:
    """Says what is waited for, and waits."""

    def wait(due: datetime) -> None:
        seconds = max((due - datetime.now(UTC)).total_seconds(), 0)
        typer.echo(f"{said} {_time(due)}, in {math.ceil(seconds)} s")
        time.sleep(seconds)

    return wait


def _time(moment: datetime) -> str:
    local = moment.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def _said(error: Exception) -> str:
    return "somebody else is replacing keys" if isinstance(error, BlockingIOError) else str(error)
