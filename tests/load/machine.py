"""The machine that figures are measured on, and how steady it was."""

import hashlib
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.load.measure import percentile

_HASHED = b"x" * 1024
_TIMES = 50_000
_STRETCHES = 5


@dataclass(frozen=True)
class Reference:
    """What the machine did beside a run: the same work takes the same time where nothing else keeps it busy.

    Attributes:
        milliseconds: how long a fixed piece of work of one core took.
        idle_percent: how much of all cores was idle before anything was started.
    """

    milliseconds: float
    idle_percent: float


def reference() -> Reference:
    """Takes two seconds."""
    idle = psutil.cpu_times_percent(interval=1.0).idle
    return Reference(round(percentile([_work() for _ in range(_STRETCHES)], 50), 1), round(idle, 1))


def _work() -> float:
    began = time.perf_counter()
    for _ in range(_TIMES):
        hashlib.blake2b(_HASHED).digest()
    return (time.perf_counter() - began) * 1000


def spread(references: list[Reference]) -> float:
    """How far the slowest reference was behind the fastest, in percent."""
    took = [each.milliseconds for each in references]
    return round((max(took) / min(took) - 1) * 100, 1)


def description() -> dict[str, str]:
    """What it is, by name."""
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }


def _processor() -> str:
    """Linux alone says it by name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {name.strip(): value.strip() for name, value in fields.items()}
    return f"{named.get('model name', platform.machine())}, {float(named.get('cpu MHz', 0)):.0f} MHz"
