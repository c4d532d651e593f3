"""How a mesh that runs is doing, for people and for programs."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from deploy.local import health
from deploy.local.services import program

#: States in which a process does its work.
_WELL = frozenset({"serving", "running"})


class Process(NamedTuple):
    """One process; what is not known of it is None."""

    name: str
    replica: int
    pid: int
    #: `serving`, `running`, or what is wrong with it.
    state: str
    #: Seconds since it started.
    up: float | None
    #: Bytes, shared ones included.
    memory: int | None
    #: How often it, or one before it, died.
    deaths: int
    #: Where Prometheus reads from it.
    metrics: str | None

    @property
    def well(self) -> bool:
        """Whether it does its work."""
        return self.state in _WELL


def processes(run: dict[str, Any]) -> list[Process]:
    """The processes that `run.json` tells of, asked at the same time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda entry: _process(entry, run["health"]), run["processes"]))


def probe(data: Path) -> str:
    """What the mesh's own probe says of itself."""
    command = [program("scope"), "status", "--state", str(data / "probe")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def document(url: str, found: list[Process]) -> str:
    """For programs."""
    return json.dumps({"url": url, "processes": [process._asdict() for process in found]}, indent=2)


def show(url: str, found: list[Process]) -> None:
    """For people."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("process", "pid", "state", "up", "memory", "died"):
        table.add_column(column, justify="right" if column in {"pid", "up", "memory", "died"} else "left")
    for process in found:
        colour = "green" if process.well else "red"
        table.add_row(
            f"{process.name}-{process.replica}",
            str(process.pid),
            f"[{colour}]{process.state}[/{colour}]",
            "" if process.up is None else _duration(process.up),
            "" if process.memory is None else f"{process.memory / 2**20:.0f} MiB",
            str(process.deaths),
        )
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    console.print(f"\n{url}")


def _process(entry: dict[str, Any], edge: str) -> Process:
    state, up, memory = _look(entry["pid"])
    if state == "running":
        state = _ask(entry, edge)
    return Process(entry["name"], entry["replica"], entry["pid"], state, up, memory, entry["deaths"], entry["metrics"])


def _look(pid: int) -> tuple[str, float | None, int | None]:
    """What the system knows of a process."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            stopped = process.status() == psutil.STATUS_STOPPED
            up, memory = time.time() - process.create_time(), process.memory_info().rss
    except psutil.NoSuchProcess:
        return "gone, about to start again", None, None
    return "stopped" if stopped else "running", up, memory


def _ask(entry: dict[str, Any], edge: str) -> str:
    """What a process that runs says itself; the stores and the probe are not asked."""
    if entry["grpc"]:
        return health.service(entry["grpc"])
    if entry["http"]:
        return "serving" if health.page(f"{entry['http']}/healthz") == HTTPStatus.OK else "no answer"
    if entry["name"] != "envoy":
        return "running"
    status = health.page(edge)
    if status == HTTPStatus.OK:
        return "serving"
    return "a service has no healthy replica" if status else "no answer"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
