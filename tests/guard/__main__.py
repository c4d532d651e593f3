"""`python -m tests.guard --data DIR`: walks the guard table on the mesh that runs on a data folder."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tests.guard.table import walk


def main(
    data: Annotated[Path, typer.Option(envvar="DATA", help="The data folder of a running `make up`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Call everything with every credential and every trick; exit 1 when anything ends as it must not."""
    try:
        verdict = asyncio.run(walk(data))
    except ValueError as error:
        typer.secho(f"error: no mesh runs on {data}: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(asdict(verdict)))
    else:
        for wrong in verdict.wrong:
            typer.echo(json.dumps(wrong))
        typer.echo(f"{verdict.rpcs} RPCs, {verdict.credentials} credentials, {verdict.checked} calls checked")
    raise typer.Exit(1 if verdict.wrong else 0)


if __name__ == "__main__":
    typer.run(main)
