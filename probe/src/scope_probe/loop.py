"""When to look, and when to report."""

import asyncio
import itertools
from collections.abc import Callable

from scope_probe.report import Reporters
from scope_sdk.report.builder import Builder

SAMPLE_SECONDS = 1.0
SAMPLES_PER_REPORT = 3
INTERIM_SECONDS = 0.3
"""Between two reports of what just happened: a burst of it is told at once, or together."""


async def once(reporters: Reporters) -> Builder:
    """One report, with two samples: how busy something is takes two looks to tell."""
    async with reporters.following():
        reporters.sample()
        await asyncio.sleep(SAMPLE_SECONDS)
        await reporters.answered()
        return reporters.report()


async def forever(reporters: Reporters, publish: Callable[[Builder], object], stop: asyncio.Event) -> None:
    """Sample every second and report every third sample, the first time after one second, until told to stop.

    Between two of them there is a report as soon as something happened that is told of. Looks that the machine slept
    through are not made up for.
    """
    async with reporters.following(), asyncio.TaskGroup() as tasks:
        interim = tasks.create_task(_interim(reporters, publish))
        await _regular(reporters, publish, stop)
        interim.cancel()


async def _regular(reporters: Reporters, publish: Callable[[Builder], object], stop: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time
    reporters.sample()
    due = clock()
    for tick in itertools.count():
        due = max(due + SAMPLE_SECONDS, clock())
        if await _set_before(stop, due - clock()):
            return
        if tick % SAMPLES_PER_REPORT == 0:
            reporters.changed.clear()
            publish(reporters.report())
        else:
            reporters.sample()


async def _interim(reporters: Reporters, publish: Callable[[Builder], object]) -> None:
    while True:
        await reporters.changed.wait()
        reporters.changed.clear()
        publish(reporters.interim())
        await asyncio.sleep(INTERIM_SECONDS)


async def _set_before(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
