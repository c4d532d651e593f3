"""Mode `streams`: what a probe's stream costs in memory while nothing is reported on it."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Annotated

import typer
import uvloop

from tests.load.elsewhere import Elsewhere
from tests.load.line import Line
from tests.load.measure import Window, now, pause_until
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.target import Target
from tests.load.usage import metered

_HOLDING = ("collection", "envoy")
_HOLDERS = 4  # processes that hold the other ends
_AT_ONCE = 10  # streams that each of them opens
_PER_SECOND = 150  # streams opened by all of them, at least
_SETTLED = 5.0  # seconds: the holders are there, and what opening needed was given back


@mode
async def streams(
    target: Target,
    seconds: float,
    counts: Annotated[str, typer.Option(help="How many streams are open, fewest first.")] = "1000,5000",
) -> Outcome:
    """Open streams of many probes, report nothing, and see after a third of the time what they cost."""
    before = _memory(await metered(target.processes(), Window(now(), now() + 1)))
    rows = {count: await _held(target, int(count), seconds / 3, before) for count in counts.split(",")}
    return Outcome(
        mode="streams",
        setting={"seconds": seconds},
        sections={"streams": rows},
        failures=failures(rows),
    )


def failures(rows: Mapping[str, Row]) -> list[str]:
    """What was not as promised."""
    return [f"of {count} streams {row['held']} were held" for count, row in rows.items() if row["held"] != int(count)]


def kilobytes(before: Row, after: Row, count: int) -> Row:
    """What each of so many streams takes in each process; None where that is not known."""
    return {f"{name}_kb": _share(before[name], after[name], count) for name in before}


def _share(before: float | None, after: float | None, count: int) -> float | None:
    return None if before is None or after is None else round((after - before) * 1000 / count, 1)


async def _held(target: Target, count: int, seconds: float, before: Row) -> Row:
    begin = now() + count / _PER_SECOND + _SETTLED
    window = Window(begin, begin + seconds)
    shares = [(count + place) // _HOLDERS for place in range(_HOLDERS)]
    with ExitStack() as stack:
        holders = [stack.enter_context(Elsewhere(hold, target, share, window)) for share in shares]
        usage = await metered(target.processes(), window)
        held = sum([await holder.result() for holder in holders])
    busy = {f"{name}_cpu_percent": usage.get(f"{name}-0", {}).get("cpu_percent") for name in _HOLDING}
    return {"held": held, **kilobytes(before, _memory(usage), count), **busy}


def _memory(usage: Mapping[str, Row]) -> Row:
    return {name: usage.get(f"{name}-0", {}).get("rss_mb") for name in _HOLDING}


def hold(target: Target, count: int, window: Window) -> int:
    """How many of so many streams were open for the whole window."""
    return uvloop.run(_hold(target, count, window))


async def _hold(target: Target, count: int, window: Window) -> int:
    places = asyncio.Semaphore(_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def open_line() -> Line:
            async with places:
                return await stack.enter_async_context(Line(target, "idle"))

        async with asyncio.timeout(window.begin - now()):
            lines = await asyncio.gather(*(open_line() for _ in range(count)))
        await pause_until(window.end)
        return sum(line.open for line in lines)
