"""Modes `faults` and `chaos`: processes die and stand still under the ledger and an open watch, and nothing is lost."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.e2e.client import Api
from tests.e2e.watcher import Watcher
from tests.load.account import Account
from tests.load.fault import KINDS, NOTICED_WITHIN, Fault, inject, pid, processes, whole
from tests.load.ledger import LOG_WITHIN, balance, failures, missing, reporting
from tests.load.measure import now
from tests.load.modes import by_hand
from tests.load.outcome import Outcome, Row
from tests.load.target import Target

RECOVERY_WITHIN = 90.0
"""Seconds after which something counts as not recovered from; a process that keeps dying is started every 30 s."""

TOPOLOGY = "hosts"
"""What is watched and read meanwhile; each probe reports one host."""

_PROBES = 10
_EQUAL_WITHIN = 60.0  # seconds for what is watched to become what is read, once nobody reports any more
_CALL_PAUSE = 0.2
_LOOK = 0.02
_MONKEYS = 2  # so many faults of chaos may be under way at once
_PAUSE = (0.5, 10.0)  # seconds from one fault of each to its next


@by_hand
async def faults(
    target: Target,
    kinds: Annotated[str, typer.Option(help="Which, separated by commas.")] = ",".join(KINDS),
) -> Outcome:
    """Kill, stop and end every kind of process, one after the other, and print how long it takes to recover."""
    data = _data(target)
    matrix = [Fault(kind, process) for kind in _known(kinds) for process in _one_of_each(data)]

    async def hurt(seen: "Observed") -> Mapping[str, Row]:
        rows = {}
        for fault in matrix:
            rows[str(fault)] = await seen.recovery(fault)
            typer.echo(f"{fault}: shown again after {rows[str(fault)]['shown_s']:.1f} s", err=True)
        return rows

    return await _observed("faults", target, {}, hurt)


@by_hand
async def chaos(
    target: Target,
    seconds: float,
    seed: Annotated[int | None, typer.Option(help="Of the chance in it; printed in any case.")] = None,
) -> Outcome:
    """Kill, stop and end processes at random moments, up to two at once; then all of it recovers."""
    data, until = _data(target), now() + seconds
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    typer.echo(f"seed {seed}", err=True)
    names = [f"{entry['name']}-{entry['replica']}" for entry in processes(data)]

    async def hurt(seen: "Observed") -> Mapping[str, Row]:
        done = await asyncio.gather(
            *(_monkey(random.Random(seed * _MONKEYS + each), data, names, until) for each in range(_MONKEYS))
        )
        again = await seen.recovered("chaos", Moment())
        count = {kind: sum(fault.kind == kind for each in done for fault in each) for kind in KINDS}
        return {"faults": {**count, **again}}

    return await _observed("chaos", target, {"seconds": seconds, "seed": seed}, hurt)


def _data(target: Target) -> Path:
    if target.data is None:
        raise ValueError("--data: its processes are known by the data folder of a mesh that runs here")
    return target.data


def _known(text: str) -> Sequence[str]:
    kinds = text.split(",")
    if unknown := set(kinds) - set(KINDS):
        raise ValueError(f"--kinds: {', '.join(sorted(unknown))}: there are {', '.join(KINDS)}")
    return kinds


def _one_of_each(data: Path) -> Sequence[str]:
    """One replica of each kind; all of query, one of which has the organization's views."""
    wanted = [entry for entry in processes(data) if entry["replica"] == 0 or entry["name"] == "query"]
    return [f"{entry['name']}-{entry['replica']}" for entry in wanted]


async def _monkey(chance: random.Random, data: Path, names: Sequence[str], until: float) -> list[Fault]:
    done: list[Fault] = []
    while True:
        pause, fault = chance.uniform(*_PAUSE), Fault(chance.choice(KINDS), chance.choice(names))
        if now() + pause > until:
            return done
        await asyncio.sleep(pause)
        typer.echo(f"{until - now():6.1f} s left: {fault}", err=True)
        await inject(data, fault)
        done.append(fault)


@dataclass(frozen=True)
class Moment:
    """A moment by both clocks."""

    monotonic: float = field(default_factory=now)
    unix_ms: float = field(default_factory=lambda: time.time() * 1000)


@dataclass(frozen=True)
class Call:
    """One reading of the topology: when it began, how long it took, both in seconds, and whether it was answered."""

    began: float
    took: float
    answered: bool


@dataclass(frozen=True)
class Observed:
    """A mesh that is reported to, watched and called all the time."""

    data: Path
    accounts: Collection[Account]
    watcher: Watcher
    calls: list[Call]

    async def recovery(self, fault: Fault) -> Row:
        """Lets a fault happen and returns how many seconds after it everything went on, and what callers noticed."""
        began, before = Moment(), pid(self.data, fault.process)
        going_on = asyncio.ensure_future(self.recovered(str(fault), began))
        try:
            await inject(self.data, fault)
            row = await going_on
        finally:
            going_on.cancel()
        if fault.kind != "stop":
            await self._until(lambda: pid(self.data, fault.process) != before, f"{fault}: started again")
        whole_since = await self._whole(str(fault))
        # What was stopped goes on as well, and what had to take over is not in its way.
        await self.recovered(str(fault), Moment())
        calls = [call for call in self.calls if call.began + call.took >= began.monotonic]
        failed = [call for call in calls if not call.answered]
        return {
            **row,
            "whole_s": whole_since - began.monotonic,
            "calls_failed": len(failed),
            "slowest_call_s": max((call.took for call in calls), default=None),
        }

    async def recovered(self, what: str, since: Moment) -> Row:
        """Seconds until a later report of every probe was acknowledged, and until one was shown."""
        acknowledged, shown = await asyncio.gather(
            self._until(
                lambda: all(account.newest >= since.monotonic for account in self.accounts),
                f"{what}: a report of every probe is acknowledged",
            ),
            self._until(
                lambda: all(self._shown(account) >= since.unix_ms for account in self.accounts),
                f"{what}: a report of every probe is shown",
            ),
        )
        return {"acknowledged_s": acknowledged, "shown_s": shown}

    async def _whole(self, what: str) -> float:
        """The moment since which the mesh is whole, once the edge has had the time to notice if it were not."""
        since = now()

        def still() -> bool:
            nonlocal since
            since = since if whole(self.data) else now()
            return now() - since > NOTICED_WITHIN

        await self._until(still, f"{what}: whole again")
        return since

    def _shown(self, account: Account) -> float:
        return self.watcher.newest.get(f"{account.probe};<host>", 0)

    async def _until(self, condition: Callable[[], bool], what: str) -> float:
        """Seconds until the condition holds; RuntimeError where that takes too long, or the watch is over."""
        began = now()
        while not condition():
            if self.watcher.problem:
                raise RuntimeError(f"{what}: the watch is over") from self.watcher.problem
            if now() - began > RECOVERY_WITHIN:
                raise RuntimeError(f"{what}: not within {RECOVERY_WITHIN:.0f} s")
            await asyncio.sleep(_LOOK)
        return now() - began


async def _observed(
    mode: str, target: Target, setting: Mapping[str, float], hurt: Callable[[Observed], Awaitable[Mapping[str, Row]]]
) -> Outcome:
    """Hurts a mesh that is reported to, watched and called, and finds out what that did to it."""
    api, calls = Api(target.url, ca_file=str(target.ca_file or "")).bearer(target.api_token), list[Call]()
    calling = asyncio.create_task(_call(api, calls))
    with Watcher(api, TOPOLOGY) as watcher:
        try:
            async with reporting(target, _PROBES, now()) as accounts:
                seen = Observed(_data(target), accounts, watcher, calls)
                await seen.recovered("before anything happens", Moment())
                rows = await hurt(seen)
        finally:
            calling.cancel()
        different = await _differences(api, watcher)
    acknowledged = {entry for account in accounts for entry in account.acknowledgements}
    lost = await missing(target, acknowledged, LOG_WITHIN)
    return Outcome(
        mode=mode,
        setting={**setting, **balance(accounts, lost), **_watched(watcher)},
        sections={mode: rows},
        failures=[*failures(acknowledged, lost), *different],
    )


def _watched(watcher: Watcher) -> Mapping[str, float | int]:
    return {
        "watch_connections": watcher.connections,
        "watch_resets": watcher.resets,
        "watch_failures": watcher.failures,
        "watch_longest_silence_seconds": round(watcher.silence, 1),
    }


async def _call(api: Api, calls: list[Call]) -> None:
    """Reads the topology for ever, each time over a connection of its own."""
    while True:
        began, answered = now(), False
        with suppress(OSError, HTTPException):
            await asyncio.to_thread(api.nodes, TOPOLOGY)
            answered = True
        calls.append(Call(began, now() - began, answered))
        await asyncio.sleep(_CALL_PAUSE)


async def _differences(api: Api, watcher: Watcher) -> list[str]:
    """In which nodes what is shown differs from what is read, looking again until it does not."""
    until = now() + _EQUAL_WITHIN
    while True:
        read, shown = _facts(await asyncio.to_thread(api.nodes, TOPOLOGY)), _facts(watcher.nodes)
        if read == shown:
            return []
        if now() > until:
            names = sorted(name for name in read.keys() | shown.keys() if read.get(name) != shown.get(name))
            return [f"{name}: the watch shows {shown.get(name)}, a GET {read.get(name)}" for name in names]
        await asyncio.sleep(_LOOK)


def _facts(nodes: Mapping[str, Any]) -> dict[str, Any]:
    """Nodes without their samples, which come apart from them in events."""
    return {name: {key: value for key, value in node.items() if key != "metrics"} for name, node in nodes.items()}
