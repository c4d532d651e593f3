"""`python -m deploy.local up | down | login`; options come from the environment, see `deploy.local.options`."""

import asyncio
import os
import signal
import socket
import time
from contextlib import suppress
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.local import accounts
from deploy.local.files import read_json
from deploy.local.layout import lay_out
from deploy.local.leftovers import LockedError, end_left, holder, lock
from deploy.local.options import Options
from deploy.local.postgres import PostgresError
from deploy.local.screen import Screen
from deploy.local.status import document, probe, processes, show
from deploy.local.supervised import NeverReadyError
from deploy.local.supervisor import StartError, Supervisor
from deploy.local.tls import TlsError

app = typer.Typer(help="Runs the whole mesh on one machine.", no_args_is_help=True, add_completion=False)
_DOWN_SECONDS = 90.0
_ERRORS = (StartError, NeverReadyError, accounts.AccountsError, PostgresError, TlsError, OSError)


@app.command()
def up() -> None:
    """Start everything, and keep it running until Ctrl-C."""
    screen, options = Screen(), _options()
    try:
        options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock(options.data):
            for left in end_left(options.data):
                screen.say(f"ended {left}, which an earlier run left")
            for name, port in (("PORT", options.port), ("REDIRECT_PORT", options.redirect_port)):
                _check_port(options, name, port)
            if options.exposed and not options.tls:
                screen.warn(f"HOST={options.host} without TLS: whoever is on the way reads tokens and reports")
            asyncio.run(Supervisor(lay_out(options), screen).run())
    except LockedError as error:
        url = read_json(options.data / "run.json").get("url", "it is starting")
        process = error.pid or "unknown"
        screen.fail(f"already running: {url} (process {process}, data {options.data}); `make down` ends it")
        raise typer.Exit(1) from error
    except _ERRORS as error:
        screen.fail(str(error))
        raise typer.Exit(1) from error


@app.command()
def down() -> None:
    """End the one that runs on this data folder; returns when it has ended."""
    data = _options().data
    pid = holder(data)
    if pid is None:
        typer.echo(f"nothing runs on {data}")
        return
    if pid == 0:
        typer.echo(f"{data / 'lock'} is held by a process that does not say which it is: end it by hand", err=True)
        raise typer.Exit(1)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while holder(data) == pid:
        if time.monotonic() > deadline:
            typer.echo(f"process {pid} does not end", err=True)
            raise typer.Exit(1)
        time.sleep(0.05)


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Say how each process is doing; ends with 0 when all is well, 1 when something is not, 3 when nothing runs."""
    data = _options().data
    run = read_json(data / "run.json")
    if not holder(data) or not run:
        starting = holder(data) is not None
        typer.echo(
            f"the one on {data} is starting or ending" if starting else f"nothing runs on {data}: make up", err=True
        )
        raise typer.Exit(1 if starting else 3)
    found = processes(run)
    if as_json:
        typer.echo(document(run["url"], found))
    else:
        show(run["url"], found)
        if any(process.name == "probe" for process in found):
            typer.echo(probe(data))
    raise typer.Exit(0 if all(process.well for process in found) else 1)


@app.command()
def login() -> None:
    """Renew the sign-in link and print it alone."""
    data = _options().data
    if not (data / "run.json").exists():
        typer.echo(f"nothing runs on {data}: make up", err=True)
        raise typer.Exit(1)
    try:
        typer.echo(accounts.renew_link(data))
    except accounts.AccountsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _options() -> Options:
    try:
        return Options()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part).upper() for part in problem["loc"])
            typer.echo(f"error: {name + ': ' if name else ''}{problem['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(2) from error


def _check_port(options: Options, name: str, port: int) -> None:
    """The edge shares its port with whoever already listens on it, so we look before."""
    family = socket.AF_INET6 if options.ip.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(options.ip), port))
        except OSError as error:
            raise StartError(f"{options.host} port {port}: {error.strerror}; {name}= takes another") from error


if __name__ == "__main__":
    app()
