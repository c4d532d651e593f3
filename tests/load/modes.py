"""What every mode is given on the command line, and how one becomes a command."""

import asyncio
import functools
import inspect
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer
import uvloop

from tests.load.outcome import Outcome
from tests.load.target import find

RAISED = {
    "API_RATE": "1000000 per second",
    "REPORTS_PER_SECOND_PER_PROBE": "100000",
    "REPORTS_PER_SECOND_PER_ORGANIZATION": "100000",
    "PROBES_PER_ORGANIZATION": "20000",
    "STREAMS_PER_CREDENTIAL": "20000",
    "WATCHES_PER_USER": "1000",
    "PIPES_PER_USER": "1000",
    "REQUESTS_PER_CREDENTIAL": "2000",
}
"""Limits of a mesh on which one token presses as hard as the machine allows, as its environment."""

app = typer.Typer(
    help="Puts a synthetic load on a running mesh and measures it; exits 1 where something acknowledged was lost. "
    "A mesh's usual limits (docs/limits.md) are enough for every mode as it is, but for `pipe`; for that, and to press "
    "harder, it needs one that was started with: "
    f"{' '.join(f'{name}={quote(value)}' for name, value in RAISED.items())} make up",
    no_args_is_help=True,
    add_completion=False,
)

Mode = Callable[..., Coroutine[Any, Any, Outcome]]
"""Takes `target`, `seconds` to measure where it is to be told, and options of its own with their defaults."""

MODES: list[str] = []
"""The names of the modes that `bench` runs."""

DEFAULT_SECONDS = 60.0


def mode(measure: Mode) -> Mode:
    """Makes a command of a mode that `bench` runs."""
    MODES.append(measure.__name__)
    return by_hand(measure)


def by_hand(measure: Mode) -> Mode:
    """Makes a command of a mode, with the options of every mode and its own."""
    command = functools.partial(_run, measure)
    own = inspect.signature(measure).parameters
    parameters = [
        *(each for each in inspect.signature(_run).parameters.values() if each.name in _COMMON - (_GIVEN - own.keys())),
        *(each for each in own.values() if each.name not in _GIVEN),
    ]
    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]

    @functools.wraps(measure)
    def run(**options: Any) -> None:
        command(**options)

    # What the command line offers is read from here.
    run.__signature__ = inspect.Signature(keyword_only)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app.command(measure.__name__)(run)
    return measure


def _run(
    measure: Mode,
    *,
    data: Annotated[Path | None, typer.Option(envvar="DATA", help="The data folder of a running `make up`.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to measure.")] = DEFAULT_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    url: Annotated[str | None, typer.Option(help="Of the edge. This and the next override the data folder.")] = None,
    service_token: Annotated[str | None, typer.Option(envvar="SCOPE_SERVICE_TOKEN", help="Reports.")] = None,
    api_token: Annotated[str | None, typer.Option(envvar="SCOPE_API_TOKEN", help="Reads.")] = None,
    nats_url: Annotated[str | None, typer.Option(help="Of the report log.")] = None,
    nats_key: Annotated[str | None, typer.Option(help="A file with the seed of a key that reads it.")] = None,
    **own: Any,
) -> None:
    given = {
        "url": url,
        "service_token": service_token,
        "api_token": api_token,
        "nats_url": nats_url,
        "nats_key": nats_key,
    }
    if "seconds" in inspect.signature(measure).parameters:
        own["seconds"] = seconds
    try:
        outcome = uvloop.run(_ending_in_order(measure(target=find(data, **given), **own)))
    except (ValueError, RuntimeError, OSError) as error:
        typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from None
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None
    if as_json:
        typer.echo(outcome.json())
    else:
        outcome.print()
    raise typer.Exit(1 if outcome.failures else 0)


async def _ending_in_order(measuring: Coroutine[Any, Any, Outcome]) -> Outcome:
    """SIGTERM does what Ctrl-C does: everything that was started ends."""
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


_COMMON = set(inspect.signature(_run).parameters) - {"measure", "own"}
_GIVEN = {"target", "seconds"}
