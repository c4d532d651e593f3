"""Every run of `make bench`, each against a mesh of its own."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from deploy.local.command import free_ports
from tests.e2e.client import ROOT, Mesh
from tests.load import document, goals
from tests.load.machine import Reference, description, reference
from tests.load.modes import RAISED, app
from tests.load.outcome import Outcome

_DOCUMENT = ROOT / "docs" / "performance.md"


@dataclass(frozen=True)
class Run:
    """One mode with its options, for how many seconds it measures, and how many replicas each service has meanwhile."""

    name: str
    seconds: float
    arguments: tuple[str, ...] = ()
    replicas: int = 1

    @property
    def mode(self) -> str:
        """What it runs."""
        return self.name.partition("-")[0]


RUNS = (
    Run("ingest", 40, replicas=2),
    Run("views-10", 25, ("--hosts", "10")),
    Run("views-100", 25, ("--hosts", "100")),
    Run("views-300", 25, ("--hosts", "300", "--topologies", "hosts", "--watched", "containers")),
    Run("views-1000", 30, ("--hosts", "1000", "--topologies", "hosts", "--watched", "containers")),
    Run("watchers", 30),
    Run("edge", 49),
    Run("streams", 15),
    Run("ledger", 15),
    Run("control", 36, replicas=2),
    Run("pipe", 24, replicas=2),
    Run("ui-1000", 60, ("--nodes", "1000")),
    Run("ui-2000", 20, ("--nodes", "2000")),
    Run("ui-10000", 20, ("--nodes", "10000")),
)


@app.command()
def bench(
    seconds: Annotated[float | None, typer.Option(min=1, max=3600, help="For each run; the document stays.")] = None,
    only: Annotated[
        str, typer.Option(help="These runs, separated by commas; what the document says of others stays.")
    ] = "",
) -> None:
    """Measure everything, print the figures as tables and as JSON, and write them into docs/performance.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    runs = [run for run in _runs(seconds) if not only or run.name in only.split(",")]
    references = [reference()]
    figures: dict[str, Outcome] = {}
    for run in runs:
        figures[run.name] = _measured(run)
        figures[run.name].print()
        references.append(reference())
    _say(figures, references)
    if seconds is None:
        _write(figures, references, anew=not only)
    raise typer.Exit(1 if any(outcome.failures for outcome in figures.values()) else 0)


def _runs(seconds: float | None) -> Iterator[Run]:
    return (run if seconds is None else replace(run, seconds=seconds) for run in RUNS)


def _measured(run: Run) -> Outcome:
    """In processes of its own: what one run leaves behind must not be in the figures of the next."""
    with tempfile.TemporaryDirectory(prefix="scope-bench-") as folder:
        mesh = Mesh(Path(folder) / "data", free_ports(1)[0], PROBE="0", REPLICAS=str(run.replicas), **RAISED)
        try:
            mesh.start()
            command = [sys.executable, "-m", "tests.load", run.mode, "--data", str(mesh.data)]
            command += ["--seconds", str(run.seconds), "--json", *run.arguments]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        finally:
            mesh.stop()
    if not done.stdout:
        return Outcome(run.mode, {"seconds": run.seconds}, {}, [done.stderr.strip()[-1000:]])
    return Outcome.read(done.stdout)


def _write(figures: goals.Figures, references: list[Reference], *, anew: bool) -> None:
    now = document.markdown(description(), references, goals.verdicts(figures), figures)
    order = [run.name for run in RUNS]
    document.put(_DOCUMENT, now if anew else document.merged(document.get(_DOCUMENT), now, order))


def _say(figures: goals.Figures, references: list[Reference]) -> None:
    console = Console(soft_wrap=True)
    verdicts = goals.verdicts(figures)
    console.print(document.markdown(description(), references, verdicts, {}), markup=False, highlight=False)
    content = {
        "machine": description(),
        "references": [asdict(each) for each in references],
        "goals": [asdict(each) for each in verdicts],
        "runs": {name: orjson.loads(outcome.json()) for name, outcome in figures.items()},
    }
    typer.echo(orjson.dumps(content).decode())
