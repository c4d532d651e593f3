"""Mode `pipe`: what a terminal costs whoever types, whoever reads, and the machine."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Annotated
from urllib.request import urlopen

import psutil
import typer

from tests.load import original
from tests.load.credentials import identity
from tests.load.elsewhere import Elsewhere
from tests.load.measure import durations, now
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.rate import one_after_another
from tests.load.screen import WORTH_SAYING, At, Browser, Screen
from tests.load.sessions import CAT, ECHO, FLOOD, GREETING, content, serve
from tests.load.target import Target
from tests.load.usage import Meter

SPLICED, BRIDGED = "spliced", "bridged"

# Through the edge, which leads both ends to one replica; and with the WebSocket around it, at one replica of sockets,
# which attaches at the pipe service of its number, while the edge leads the probe's end to that one or to another.
EDGE, WAYS = "edge", ("edge", "spliced", "bridged")

_AT_ONCE = 16
_KEYS = b"etaoinshrdlu"
_WARM_KEYS = 50
_WARM_SESSIONS = 16
_WARM_SECONDS = 0.5
_SETTLED = 3.0  # seconds: what opening sessions needed was given back
_CONNECTED_WITHIN = 20.0
_TRIES = 16  # pipes that are opened until one is as wanted, which every other one is
_ATTACH = "/scope.pipe.v1.PipeService/Attach"
_PROCESSES = ("envoy", "pipe", "sockets", "control", "nats", "probe")
_ON_THE_WAY = ("envoy", "sockets", "pipe", "nats", "probe")
# How much the probe writes at a time, and after how much the reader acknowledges, which makes the frames so large.
_FRAMES = {"as_a_page_reads": (16 * 1024, WORTH_SAYING), "64_kib": (64 * 1024, 64 * 1024)}
_FRAME_COUNT = re.compile(r'^scope_pipe_frames_total\{[^}]*path="(\w+)"[^}]*\} ([0-9.e+]+)$', re.MULTILINE)


@dataclass(frozen=True)
class _Bench:
    """What is measured, and with what."""

    target: Target
    browser: Browser
    probe: psutil.Process

    def processes(self) -> dict[str, psutil.Process]:
        return {**self.target.processes(), "probe-0": self.probe}


@mode
async def pipe(
    target: Target,
    seconds: float,
    keys: Annotated[int, typer.Option(min=1, help="How many are typed, one after another.")] = 2_000,
    idle: Annotated[int, typer.Option(min=1, max=1_000, help="How many terminals are open and do nothing.")] = 500,
) -> Outcome:
    """Type into a terminal, read from it as fast as it can be, leave many idle, and open many anew."""
    if len(target.urls("pipe", "metrics")) < 2:
        raise ValueError("this mode needs two replicas of pipe, and --data: REPLICAS=2 make up")
    name = f"load-pipe-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        doing = stack.enter_context(Elsewhere(serve, target, name))
        bench = _Bench(target, await stack.enter_async_context(Browser(target, name)), doing.process)
        await _connected(bench.browser)
        memory = await _idle(bench, idle)
        opened = {f"{at_once}_at_once": await _opened(bench, at_once, seconds / 8) for at_once in (1, _AT_ONCE)}
        echo = {way: await _echo(bench, way, keys) for way in WAYS}
        reads = {
            f"{way}_{frames}": await _read(bench, way, *_FRAMES[frames], seconds / 8)
            for way in WAYS
            for frames in _FRAMES
        }
    return Outcome(
        mode="pipe",
        setting={"seconds": seconds, "keys": keys, "idle": idle},
        sections={
            "echo": echo,
            "one_way": reads,
            "idle_terminals": {str(idle): memory},
            "new_sessions": opened,
            original.SECTION: _beside(echo[EDGE], reads[f"{EDGE}_as_a_page_reads"]),
        },
        failures=failures(echo, reads, memory, idle),
    )


def failures(echo: Mapping[str, Row], reads: Mapping[str, Row], memory: Row, idle: int) -> list[str]:
    """What was not as promised."""
    found = [f"of {idle} idle terminals {memory['held']} answered"] if memory["held"] != idle else []
    for name, row in {**echo, **reads}.items():
        if row["wrong"]:
            found.append(f"{name}: {row['wrong']} times other bytes came than were sent")
        share = row["bridged_percent"] or 0.0
        if not (share > 90 if name.startswith(BRIDGED) else share < 10):
            found.append(f"{name}: of the frames {share} % went over the bus")
    return found


def _beside(echo: Row, read: Row) -> Mapping[str, Row]:
    return {
        "echo_p50_us": original.duration(original.ECHO_P50_MS, echo["p50_ms"]),
        "echo_p95_us": original.duration(original.ECHO_P95_MS, echo["p95_ms"]),
        "one_way_mb_per_second": original.rate(original.PIPE_MB_PER_SECOND, read["mb_per_second"]),
    }


async def _connected(browser: Browser) -> None:
    """Waits until sessions can be opened."""
    until = now() + _CONNECTED_WITHIN
    while True:
        try:
            async with browser.open(ECHO) as screen:
                await screen.read(len(GREETING))
                return
        except RuntimeError:
            if now() > until:
                raise
            await asyncio.sleep(0.2)


async def _session(browser: Browser, stack: AsyncExitStack, places: asyncio.Semaphore) -> Screen:
    async with places:
        screen = await stack.enter_async_context(browser.open(ECHO))
        await screen.read(len(GREETING))
        return screen


@asynccontextmanager
async def _sessions(browser: Browser, count: int) -> AsyncIterator[list[Screen]]:
    """So many that have said their first byte."""
    places = asyncio.Semaphore(_AT_ONCE)
    async with AsyncExitStack() as stack:
        yield await asyncio.gather(*(_session(browser, stack, places) for _ in range(count)))


async def _idle(bench: _Bench, count: int) -> Row:
    """What each of so many idle terminals takes in each process, replicas together."""
    async with _sessions(bench.browser, _WARM_SESSIONS):
        pass
    await asyncio.sleep(_SETTLED)
    before = _memory(bench)
    async with _sessions(bench.browser, count) as screens:
        await asyncio.sleep(_SETTLED)
        after = _memory(bench)
        held = [await _is_there(screen) for screen in screens]
    growth = {f"{name}_kb": round((after[name] - before[name]) / 1000 / count, 1) for name in _PROCESSES}
    return {"held": sum(held), **growth}


def _memory(bench: _Bench) -> dict[str, int]:
    """Resident bytes by service."""
    found = dict.fromkeys(_PROCESSES, 0)
    for name, process in bench.processes().items():
        if (service := name.rpartition("-")[0]) in found:
            found[service] += process.memory_info().rss
    return found


async def _is_there(screen: Screen) -> bool:
    try:
        return await _answers(screen, b"?")
    except (RuntimeError, ConnectionResetError):
        return False


async def _answers(screen: Screen, key: bytes) -> bool:
    await screen.type(key)
    return await screen.read(len(key)) == key


async def _opened(bench: _Bench, at_once: int, seconds: float) -> Row:
    """Sessions of which each was ended before the next; how long it took until their first byte."""
    took: list[float] = []

    async def session() -> None:
        began = now()
        async with bench.browser.open(ECHO) as screen:
            await screen.read(len(GREETING))
            took.append(now() - began)

    began = now()
    done = await one_after_another(session, at_once, seconds)
    return {"per_second": round(len(done) / (now() - began), 1), **durations(took)}


async def _echo(bench: _Bench, way: str, keys: int) -> Row:
    """How long each key takes to a terminal and back, the next one when it is here."""
    took: list[float] = []
    wrong = 0
    async with _meeting(bench, way, CAT) as screen:
        for key in islice(cycle(_KEYS), _WARM_KEYS):
            await _answers(screen, bytes([key]))
        before, meter = await _frames(bench.target), Meter(bench.processes())
        for key in islice(cycle(_KEYS), keys):
            began = now()
            wrong += not await _answers(screen, bytes([key]))
            took.append(now() - began)
        spent = _spent(meter, sum(took) * 1e6 / 100 / keys, "us")
        return {**durations(took), "wrong": wrong, "bridged_percent": await _share(bench.target, before), **spent}


async def _read(bench: _Bench, way: str, size: int, worth: int, seconds: float) -> Row:
    """How much comes from a program that writes as fast as it may."""
    async with _meeting(bench, way, FLOOD, worth=worth, size=str(size)) as screen:
        await _drained(screen, _WARM_SECONDS)
        before, meter, began = await _frames(bench.target), Meter(bench.processes()), now()
        count, messages, wrong = await _drained(screen, seconds)
        took = now() - began
        spent = _spent(meter, 1.0, "percent")
        return {
            "mb_per_second": round(count / took / 1e6, 1),
            "bytes_per_message": round(count / messages),
            "wrong": wrong,
            "bridged_percent": await _share(bench.target, before),
            **spent,
        }


async def _drained(screen: Screen, seconds: float) -> tuple[int, int, int]:
    """What came in these seconds: bytes, messages, and how many of those were not what was sent."""
    first, until = screen.received, now() + seconds
    messages = wrong = 0
    while now() < until:
        offset = screen.received
        data = await screen.more()
        messages += 1
        wrong += data != content(offset, len(data))
    return screen.received - first, messages, wrong


def _spent(meter: Meter, each: float, unit: str) -> Row:
    """Percent of a core times `each` by service, replicas together, and of ourselves without the probe."""
    usage = {name: row["cpu_percent"] or 0 for name, row in meter.read().items()}
    together = {
        name: sum(percent for process, percent in usage.items() if process.rpartition("-")[0] == name)
        for name in _ON_THE_WAY
    }
    together["load"] = usage["load_generator"] - together["probe"]
    return {f"{name}_{unit}": round(percent * each, 1) for name, percent in together.items()}


@asynccontextmanager
async def _meeting(
    bench: _Bench, way: str, control: str, *, worth: int = WORTH_SAYING, **arguments: str
) -> AsyncIterator[Screen]:
    """A session whose ends are at one replica, or at two; the replicas say which it was."""
    at = None if way == EDGE else await _around_the_edge(bench.target)
    for _ in range(_TRIES):
        async with bench.browser.open(control, at=at, worth=worth, **arguments) as screen:
            before = await _frames(bench.target)
            await (_drained(screen, 0.1) if control == FLOOD else _greeted(screen))
            if (await _share(bench.target, before) > 50) == (way == BRIDGED):
                yield screen
                return
    raise RuntimeError(f"no pipe was {way}")


async def _around_the_edge(target: Target) -> At:
    """At the first replica, which hears of a caller what the edge would say."""
    assert target.data is not None
    token = await identity(target.data, target.api_token, _ATTACH)
    return At(target.urls("sockets", "http")[0], {"x-scope-identity": token})


async def _greeted(screen: Screen) -> None:
    await screen.read(len(GREETING))
    for _ in range(10):
        await _answers(screen, b"!")


async def _share(target: Target, before: Mapping[str, float]) -> float:
    """How many percent of the frames since then went over the bus."""
    now_ = await _frames(target)
    spliced, bridged = (now_[way] - before[way] for way in (SPLICED, BRIDGED))
    return round(100 * bridged / max(spliced + bridged, 1), 1)


async def _frames(target: Target) -> dict[str, float]:
    """How many frames the replicas of pipe have passed on so far, by way."""
    texts = await asyncio.gather(*(asyncio.to_thread(_text, url) for url in target.urls("pipe", "metrics")))
    return counted("\n".join(texts))


def counted(text: str) -> dict[str, float]:
    """The frames in what replicas say of themselves, by way."""
    found = {SPLICED: 0.0, BRIDGED: 0.0}
    for way, count in _FRAME_COUNT.findall(text):
        found[way] += float(count)
    return found


def _text(url: str) -> str:
    with urlopen(url, timeout=5) as answer:
        text: bytes = answer.read()
    return text.decode()
