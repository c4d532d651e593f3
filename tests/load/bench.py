"""All modes, each against a mesh of its own run."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.command import free_ports
from tests.e2e.client import ROOT, Mesh
from tests.load.modes import DEFAULT_SECONDS, MODES, RAISED, app
from tests.load.outcome import Outcome


@app.command()
def bench(seconds: Annotated[float, typer.Option(min=1, max=3600, help="For each mode.")] = DEFAULT_SECONDS) -> None:
    """Start a mesh, run every mode against it, print the figures, end the mesh."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="scope-bench-") as folder:
        mesh = Mesh(Path(folder) / "data", free_ports(1)[0], PROBE="0", **RAISED)
        try:
            mesh.start()
            codes = [_run(mode, mesh, seconds) for mode in MODES]
        finally:
            mesh.stop()
    raise typer.Exit(max(codes))


def _run(mode: str, mesh: Mesh, seconds: float) -> int:
    """In a process of its own: what one mode leaves behind must not be in the figures of the next."""
    command = [sys.executable, "-m", "tests.load", mode, "--data", str(mesh.data), "--seconds", str(seconds), "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.stdout:
        Outcome.read(done.stdout).print()
    return done.returncode
