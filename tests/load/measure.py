"""The window in which figures are taken, and what is said about many durations."""

import asyncio
import math
import time
from collections.abc import Collection
from dataclasses import dataclass

from tests.load.outcome import Row

now = time.monotonic
"""Seconds; the same clock in every process of this machine."""

_PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}


@dataclass(frozen=True)
class Window:
    """From when to when figures count, by `now`; what comes before is warm-up."""

    begin: float
    end: float

    def __contains__(self, moment: float) -> bool:
        return self.begin <= moment < self.end


def percentile(values: Collection[float], percent: float) -> float:
    """The smallest value that at least so many percent of all do not exceed. ValueError where there is none."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]


def durations(seconds: Collection[float]) -> Row:
    """How many there were, and how long they took, in milliseconds."""
    if not seconds:
        return {"count": 0, **{f"{name}_ms": None for name in _PERCENTILES}}
    milliseconds = {f"{name}_ms": percentile(seconds, percent) for name, percent in _PERCENTILES.items()}
    return {"count": len(seconds), **{name: round(value * 1000, 2) for name, value in milliseconds.items()}}


async def pause_until(moment: float) -> None:
    """Returns at that moment, at once where it has passed."""
    await asyncio.sleep(max(moment - now(), 0))
