"""What processes cost over the window."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import psutil

from tests.load.measure import Window, now, pause_until
from tests.load.outcome import Row

_OURSELVES = "load_generator"
_REST = "everything_else"

OTHERS = frozenset({_OURSELVES, _REST})
"""Rows of what is no part of the mesh."""


async def metered(processes: Mapping[str, psutil.Process], window: Window) -> dict[str, Row]:
    """What each process cost over the window; see Meter."""
    await pause_until(window.begin)
    meter = Meter(processes)
    await pause_until(window.end)
    return meter.read()


def per_report(usage: Mapping[str, Row], rate: float) -> dict[str, Row]:
    """With what each report cost each process in microseconds, at so many reports a second."""
    return {name: {**row, "us_per_report": _per_report(row["cpu_percent"], rate)} for name, row in usage.items()}


def _per_report(percent: float | None, rate: float) -> float | None:
    return round(percent * 1e4 / rate, 1) if percent is not None and rate else None


class Meter:
    """Measures from its making until `read`: the mesh's processes, ourselves, and all else on the machine.

    Args:
        processes: the mesh's, by name and replica; their children count as part of them.
    """

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = {**processes, _OURSELVES: psutil.Process()}
        self._began = now()
        self._seconds = {name: dict(_family(process)) for name, process in self._processes.items()}
        self._busy = _busy()

    def read(self) -> dict[str, Row]:
        """Percent of one core since the beginning, and resident bytes now; None for what was restarted meanwhile."""
        span, busy = now() - self._began, _busy() - self._busy
        spent = {name: self._spent(name) for name in self._processes}
        usage: dict[str, Row] = {
            name: {"cpu_percent": _percent(seconds, span), "rss_mb": _resident(self._processes[name])}
            for name, seconds in spent.items()
        }
        rest = busy - sum(seconds or 0 for seconds in spent.values())
        return {**usage, _REST: {"cpu_percent": _percent(max(rest, 0), span), "rss_mb": None}}

    def _spent(self, name: str) -> float | None:
        """Seconds of CPU by a process and its children, as far as they still run; None where the process does not."""
        process, before = self._processes[name], self._seconds[name]
        if not process.is_running():
            return None
        return sum(seconds - before.get(pid, 0) for pid, seconds in _family(process))


def _family(process: psutil.Process) -> Iterator[tuple[int, float]]:
    """The pid and the seconds of CPU so far of a process and each of its children, theirs too."""
    for member in _members(process):
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            yield member.pid, times.user + times.system


def _resident(process: psutil.Process) -> float | None:
    """In MB; what several of them share counts in each."""
    total = 0
    for member in _members(process):
        with suppress(psutil.NoSuchProcess):
            total += member.memory_info().rss
    return round(total / 1e6, 1) if total else None


def _members(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _busy() -> float:
    """Seconds of CPU that all cores have spent on anything."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


def _percent(seconds: float | None, span: float) -> float | None:
    return None if seconds is None else round(seconds / span * 100, 1)
