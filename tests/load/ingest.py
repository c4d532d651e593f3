"""Mode `ingest`: how many reports a second are acknowledged, how soon, and what that costs."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Annotated

import typer

from tests.load import log
from tests.load.measure import Window, durations, now
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.pressing import press
from tests.load.probes import publishing
from tests.load.synthetic import FEWEST_HOSTS, PERIOD
from tests.load.target import Target
from tests.load.usage import OTHERS, metered, per_report

_WARM_UP = 2.0
_PACED_WARM_UP = 2 * PERIOD  # every stream is open, and every probe's first report, a full one, is stored

Part = tuple[Row, Mapping[str, Row]]
"""What was measured of the reports, and of the processes."""


@mode
async def ingest(
    target: Target,
    seconds: float,
    probes: Annotated[int, typer.Option(min=FEWEST_HOSTS, max=1000, help="How many report at their fastest.")] = 50,
    under_way: Annotated[int, typer.Option(min=1, max=64, help="Reports of each of them that wait at a time.")] = 4,
    hosts: Annotated[int, typer.Option(min=FEWEST_HOSTS, max=5000, help="How many report every 3 s.")] = 1000,
) -> Outcome:
    """Report as fast as reports are acknowledged, then as a thousand hosts do; half of the time each."""
    before = await log.appended(target)
    fastest, fastest_usage = await _fastest(target, probes, under_way, seconds / 2)
    paced, paced_usage = await _paced(target, hosts, seconds / 2)
    stored = await log.appended(target) - before
    acknowledged = sum(int(row["acknowledged"] or 0) for row in (fastest, paced))
    return Outcome(
        mode="ingest",
        setting={"seconds": seconds, "probes": probes, "under_way": under_way, "hosts": hosts},
        sections={
            "reports": {"fastest": fastest, "paced": paced},
            "usage_fastest": fastest_usage,
            "usage_paced": paced_usage,
        },
        failures=failures((fastest, paced), acknowledged - stored),
    )


def failures(rows: Collection[Row], missing: int) -> list[str]:
    """What was not as promised."""
    found = ["nothing was acknowledged"] * any(not row["count"] for row in rows)
    return found + [f"{missing} acknowledged reports are not in the log"] * (missing > 0)


async def _fastest(target: Target, probes: int, under_way: int, seconds: float) -> Part:
    window = Window(now() + _WARM_UP, now() + _WARM_UP + seconds)
    pressed, usage = await asyncio.gather(press(target, probes, under_way, window), metered(target.processes(), window))
    rate = len(pressed.seconds) / seconds
    size = pressed.size / max(pressed.acknowledged, 1)
    return {**_row(rate, size, pressed.acknowledged, usage), **durations(pressed.seconds)}, per_report(usage, rate)


async def _paced(target: Target, hosts: int, seconds: float) -> Part:
    window = Window(now() + _PACED_WARM_UP, now() + _PACED_WARM_UP + seconds)
    async with publishing(target, hosts, window.end) as sent:
        usage = await metered(target.processes(), window)
    took = [moment - sent.published[report] for report, moment in sent.acknowledgements.items() if moment in window]
    rate = len(took) / seconds
    size = sent.size / max(len(sent.published), 1)
    return {**_row(rate, size, len(sent.acknowledged), usage), **durations(took)}, per_report(usage, rate)


def _row(rate: float, size: float, acknowledged: int, usage: Mapping[str, Row]) -> dict[str, float | int | None]:
    return {
        "per_second": round(rate, 1),
        "per_cpu_second": per_core(rate, usage, "collection"),
        "us_of_the_mesh": of_the_mesh(rate, usage),
        "bytes": round(size),
        "acknowledged": acknowledged,
    }


def per_core(rate: float, usage: Mapping[str, Row], service: str) -> float | None:
    """How many a second would keep one core busy with the replicas of a service; None where that is not known."""
    percent = [row["cpu_percent"] for name, row in usage.items() if name.startswith(f"{service}-")]
    known = [each for each in percent if each is not None]
    return round(rate / sum(known) * 100, 1) if sum(known) and len(known) == len(percent) else None


def of_the_mesh(rate: float, usage: Mapping[str, Row]) -> float | None:
    """Microseconds of CPU that the mesh's processes spend together on one report; None where that is not known."""
    percent = [row["cpu_percent"] for name, row in usage.items() if name not in OTHERS]
    known = [each for each in percent if each is not None]
    return round(sum(known) * 1e4 / rate, 1) if rate and len(known) == len(percent) else None
