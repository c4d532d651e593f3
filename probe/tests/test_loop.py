import asyncio
from itertools import pairwise

import pytest

from scope_probe import loop
from scope_probe.report import Reporters
from scope_sdk.report.builder import Builder

DEADLINE = 60


def times(builder: Builder) -> list[int]:
    return [time for time, _ in builder.nodes["here;<host>"].metrics["load1"]]


async def test_reports_are_fresh_and_hold_every_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 0.05)
    reports: list[Builder] = []
    stop = asyncio.Event()

    def publish(builder: Builder) -> None:
        reports.append(builder)
        if len(reports) == 3:
            stop.set()

    async with asyncio.timeout(DEADLINE):
        await loop.forever(Reporters("here"), publish, stop)
    assert [len(times(report)) for report in reports] == [2, 3, 3]
    assert all(before < after for report in reports for before, after in pairwise(times(report)))


async def test_one_report_knows_how_busy_the_host_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 0.05)
    async with asyncio.timeout(DEADLINE):
        builder = await loop.once(Reporters("here"))
    assert len(builder.nodes["here;<host>"].metrics["host_cpu_usage_percent"]) == 1


async def test_it_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 1000)
    stop = asyncio.Event()
    async with asyncio.timeout(DEADLINE):
        running = asyncio.create_task(loop.forever(Reporters("here"), lambda _: None, stop))
        await asyncio.sleep(0)
        stop.set()
        await running
