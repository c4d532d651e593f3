"""When to look, and when to report."""

import asyncio
import itertools
from collections.abc import Callable

from scope_probe.report import Reporters
from scope_sdk.report.builder import Builder

SAMPLE_SECONDS = 1.0
SAMPLES_PER_REPORT = 3


async def once(reporters: Reporters) -> Builder:
    """One report, with two samples: how busy something is takes two looks to tell."""
    reporters.sample()
    await asyncio.sleep(SAMPLE_SECONDS)
    return reporters.report()


async def forever(reporters: Reporters, publish: Callable[[Builder], object], stop: asyncio.Event) -> None:
    """Sample every second and report every third sample, the first time after one second, until told to stop.

    Looks that the machine slept through are not made up for.
    """
    clock = asyncio.get_running_loop().time
    reporters.sample()
    due = clock()
    for tick in itertools.count():
        due = max(due + SAMPLE_SECONDS, clock())
        if await _set_before(stop, due - clock()):
            return
        if tick % SAMPLES_PER_REPORT == 0:
            publish(reporters.report())
        else:
            reporters.sample()


async def _set_before(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
