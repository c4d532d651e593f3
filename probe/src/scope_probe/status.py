"""What a running probe says about itself to whoever asks: a file beside its state, new with each report."""

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from scope_probe import VERSION, state
from scope_probe.containers.engines import Engines
from scope_probe.watch import advice
from scope_sdk import Publisher
from scope_sdk.controls import Controller

FILE = "status.json"
STALE_SECONDS = 15.0
"""A probe that has written nothing for so long is not at work: it writes every three seconds."""


@dataclass(frozen=True)
class Status:
    """How a probe was doing when it last said so. Times are Unix seconds."""

    #: Its process.
    pid: int
    version: str
    probe: str
    #: Where its reports go.
    service: str
    connected: bool
    #: Why it is not connected, and what may be done about it; empty where it is.
    problem: str
    advice: str
    #: When the service stored a report for the last time; null: never in this run.
    acknowledged: float | None
    #: Reports given up in this run.
    dropped: int
    #: What is wrong with each engine that it asks for containers, by the engine's name; empty where nothing is. Null:
    #: none is to be asked.
    engines: dict[str, str] | None
    #: Why calls of what others may do here do not arrive; empty where they do. Null: they may do nothing.
    controls: str | None
    started: float
    written: float


@dataclass
class Writer:
    """Keeps the file up to date. A disk that refuses it costs the answer to `scope status` and nothing else."""

    directory: Path
    publisher: Publisher
    service: str
    engines: Engines | None = None
    controller: Controller | None = None
    _started: float = field(default_factory=time.time, init=False)
    _acknowledged: float | None = field(default=None, init=False)

    def stored(self) -> None:
        """A report was just acknowledged."""
        self._acknowledged = time.time()

    def write(self) -> None:
        """Says how it goes now."""
        new = self.directory / f"{FILE}.new"
        with suppress(OSError):
            new.write_text(json.dumps(asdict(self._now())), encoding="utf-8")
            new.replace(self.directory / FILE)

    def _now(self) -> Status:
        problem = "" if self.publisher.connected else self.publisher.problem
        return Status(
            pid=os.getpid(),
            version=VERSION,
            probe=self.publisher.probe_id,
            service=self.service,
            connected=self.publisher.connected,
            problem=problem,
            advice=advice(problem) if problem else "",
            acknowledged=self._acknowledged,
            dropped=self.publisher.dropped,
            engines=self.engines.problems() if self.engines else None,
            controls=_problem(self.controller) if self.controller else None,
            started=self._started,
            written=time.time(),
        )


def read(directory: Path) -> Status | None:
    """What the probe of this state directory says; None where none runs, or it has not said anything yet.

    Raises:
        StateError: the directory may not be read.
    """
    if not state.is_held(directory):
        return None
    try:
        content: dict[str, Any] = json.loads((directory / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    names = {field.name for field in fields(Status)}
    return Status(**content) if content.keys() == names else None


def lines(status: Status, now: float) -> list[str]:
    """The same in words."""
    return [
        _connection(status, now),
        f"last acknowledged  {_ago(status.acknowledged, now) if status.acknowledged else 'nothing yet'}",
        f"dropped            {status.dropped} reports since it started {_ago(status.started, now)}",
        *(f"containers         {said}" for said in _engines(status.engines)),
        f"controls           {_controls(status.controls)}",
        f"probe              {status.probe} (process {status.pid}, version {status.version})",
    ]


def works(status: Status, now: float) -> bool:
    """Whether its reports arrive."""
    return status.connected and now - status.written < STALE_SECONDS


def _connection(status: Status, now: float) -> str:
    if now - status.written >= STALE_SECONDS:
        return f"stuck: process {status.pid} has done nothing since {_ago(status.written, now)}"
    if status.connected:
        return f"connected to {status.service}"
    if not status.problem:
        return f"connecting to {status.service}"
    return f"not connected to {status.service}: {status.problem}. Next: {status.advice}"


def _engines(problems: dict[str, str] | None) -> list[str]:
    if problems is None:
        return ["not reported: --no-containers"]
    if not problems:
        return ["no engine found where they usually listen: only the ids of those that run are known"]
    return [
        f"not all known from {name}: {problem}" if problem else f"from {name}" for name, problem in problems.items()
    ]


def _problem(controller: Controller) -> str:
    return "" if controller.connected else controller.problem or "connecting"


def _controls(problem: str | None) -> str:
    if problem is None:
        return "none: --no-controls"
    return f"out of reach: {problem}" if problem else "in reach of those whose role permits them"


def _ago(then: float, now: float) -> str:
    seconds = max(0, round(now - then))
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
