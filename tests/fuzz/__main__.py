"""`python -m tests.fuzz`."""

import json
import sys
from typing import Annotated

import typer

from tests.fuzz.run import Outcome, fuzz


def main(
    inputs: Annotated[int, typer.Option(min=1, help="How many changed reports to offer.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed offers the same reports.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Offers reports that nobody meant to send to what decodes, checks, applies and shows them.

    Exits 1 where one of them made it fail, or show what it would not show from scratch.
    """
    outcome = fuzz(inputs, seed, progress=None if as_json else _progress)
    typer.echo(json.dumps(outcome._asdict()) if as_json else _told(outcome))
    raise typer.Exit(1 if outcome.wrong else 0)


def _progress(done: int, inputs: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {inputs}", nl=done == inputs, err=True)


def _told(outcome: Outcome) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(outcome.counts.items()))
    lines = [f"{outcome.inputs} reports: {counts}; memory grew by {outcome.memory_mb} MiB; {len(outcome.wrong)} wrong"]
    return "\n".join([*lines, *outcome.wrong])


if __name__ == "__main__":
    typer.run(main)
