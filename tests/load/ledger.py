"""Mode `ledger`: whatever happens to the mesh meanwhile, what was acknowledged is in the report log."""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import typer

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.publish import Publisher
from scope_sdk.report import ids, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.nodes import NodeFacts
from tests.load import log
from tests.load.account import Account
from tests.load.log import Entry
from tests.load.measure import now, pause_until
from tests.load.modes import mode
from tests.load.outcome import Outcome
from tests.load.overheard import Overheard
from tests.load.target import Target

_PERIOD = 0.25  # much shorter than a probe's own: something is under way whenever something happens
_PROCESSES = 20  # enough for a delta to be worth while
_LAST_WITHIN = 60.0  # seconds for what was reported last to be acknowledged; a publisher may pause for half of it
_AGAIN = 1.0
_NAMED = 10  # how many missing reports are named

LOG_WITHIN = 120.0
"""Seconds for the log to be there, whole, afterwards."""


@mode
async def ledger(
    target: Target,
    seconds: float,
    probes: Annotated[int, typer.Option(min=1, max=1000, help="How many probes report, four times a second.")] = 20,
) -> Outcome:
    """Publish numbered reports while you do what you like to the mesh; then look up each that was acknowledged."""
    began = now()
    async with reporting(target, probes, began, began + seconds) as accounts:
        await pause_until(began + seconds)
    acknowledged = {entry for account in accounts for entry in account.acknowledgements}
    lost = await missing(target, acknowledged, LOG_WITHIN)
    return Outcome(
        mode="ledger",
        setting={"probes": probes, "seconds": seconds, **balance(accounts, lost)},
        sections={},
        failures=failures(acknowledged, lost),
    )


def balance(accounts: Collection[Account], lost: Collection[Entry]) -> dict[str, float | int]:
    """What became of all reports."""
    return {
        "reports": sum(account.reported for account in accounts),
        "acknowledged": sum(len(account.acknowledgements) for account in accounts),
        "missing": len(lost),
        "retried": sum(account.retried for account in accounts),
        "refused": sum(account.refused for account in accounts),
        "dropped": sum(account.dropped for account in accounts),
        "longest_silence_seconds": round(max(account.silence for account in accounts), 1),
    }


def failures(acknowledged: Collection[Entry], lost: Collection[Entry]) -> list[str]:
    """What was not as promised."""
    if not acknowledged:
        return ["nothing was acknowledged"]
    named = [
        f"{entry.probe}, epoch {entry.epoch}, number {entry.number}: acknowledged, and not in the log"
        for entry in sorted(lost)[:_NAMED]
    ]
    return named + [f"{len(lost) - _NAMED} more are not in the log"] * (len(lost) > _NAMED)


async def missing(target: Target, acknowledged: Collection[Entry], within: float) -> set[Entry]:
    """What the log does not hold, though it was given time: while it recovers, it answers as if it held less.

    Raises RuntimeError or OSError where it never answered.
    """
    left, deadline = set(acknowledged), now() + within
    problem: Exception | None = None
    while left:
        try:
            left -= await log.stored(target, {entry.probe for entry in left})
            problem = None
        except (RuntimeError, OSError) as error:
            problem = error
        if now() > deadline:
            break
        await asyncio.sleep(_AGAIN if left else 0)
    if problem:
        raise problem
    return left


@asynccontextmanager
async def reporting(target: Target, probes: int, first: float, until: float = math.inf) -> AsyncIterator[list[Account]]:
    """Probes that report, evenly spread, until it is time or the body ends; leaving awaits what is under way."""
    run, ending = secrets.token_hex(4), asyncio.Event()
    accounts = [Account(f"ledger-{run}-{probe}") for probe in range(probes)]
    tasks = [
        asyncio.create_task(_report(target, account, first + place * _PERIOD / probes, until, ending))
        for place, account in enumerate(accounts)
    ]
    try:
        yield accounts
        ending.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _report(target: Target, account: Account, first: float, until: float, ending: asyncio.Event) -> None:
    """Reports, evenly paced, until it is time or all are to end, and waits for the last acknowledgement."""
    service = Overheard(target.url, target.service_token, ca_file=target.ca_file, listener=account)
    async with Publisher(service, probe_id=account.probe, version="ledger") as publisher:
        due, last = first, None
        while due < until and not ending.is_set():
            await pause_until(due)
            last = publisher.publish(numbered(account.probe, account.reported))
            last.add_done_callback(partial(_settle, publisher, account, now()))
            account.reported += 1
            due = first + account.reported * _PERIOD
        if last is not None:
            await asyncio.wait([last], timeout=_LAST_WITHIN)


def _settle(publisher: Publisher, account: Account, made: float, stored: asyncio.Future[bool]) -> None:
    if stored.cancelled():
        return
    if stored.result():
        account.newest = max(account.newest, made)
    else:
        account.given_up(publisher.problem)


def numbered(host: str, number: int) -> Builder:
    """A small report in which little changes from one number to the next, so that most travel as deltas."""
    builder = Builder()
    builder.template(standard.HOST)
    builder.template(standard.PROCESS)
    for node in (_host(host, number), *_processes(host, number)):
        builder.add(node)
    return builder


def _host(name: str, number: int) -> NodeFacts:
    return NodeFacts(
        topology=Topology.TOPOLOGY_HOST,
        id=ids.host_id(name),
        label=name,
        attributes={"host_name": name, "os": "linux", "uptime": number},
        metrics={"load1": [(time.time_ns() // 1_000_000, number % 100)]},
    )


def _processes(host: str, number: int) -> Sequence[NodeFacts]:
    """All but one are always the same."""
    pids = [*range(1000, 1000 + _PROCESSES - 1), 2000 + number]
    return [
        NodeFacts(
            topology=Topology.TOPOLOGY_PROCESS,
            id=ids.process_id(host, pid),
            label=f"worker-{pid}",
            parents=[ids.host_id(host)],
            attributes={"pid": pid, "name": f"worker-{pid}", "cmdline": f"/usr/bin/worker-{pid} --shard {pid}"},
        )
        for pid in pids
    ]
