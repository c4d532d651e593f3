"""Mode `watchers`: what one and what a hundred watchers of the same topology cost."""

import asyncio
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import typer

from tests.load.elsewhere import Elsewhere
from tests.load.measure import Window, now, pause_until
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.probes import publishing
from tests.load.synthetic import FEWEST_HOSTS, PERIOD
from tests.load.target import Target
from tests.load.usage import metered

_FEW = 1
_OPENING = 2 * PERIOD  # every watcher has had its first event
_REQUEST = "GET /api/watch/topology/hosts HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n"


@mode
async def watchers(
    target: Target,
    seconds: float,
    hosts: Annotated[int, typer.Option(min=FEWEST_HOSTS, max=1000, help="How many hosts report.")] = 100,
    most: Annotated[int, typer.Option(min=2, max=1000, help="How many watch in the second half.")] = 100,
) -> Outcome:
    """Watch hosts once, then a hundred times, while hosts report; half of the time each."""
    first = Window(now() + _OPENING + PERIOD, now() + _OPENING + PERIOD + seconds / 2)
    second = Window(first.end + _OPENING, first.end + _OPENING + seconds / 2)
    async with publishing(target, hosts, second.end):
        await pause_until(first.begin - _OPENING)
        rows = {str(count): await _watched(target, count, window) for count, window in ((_FEW, first), (most, second))}
    few, many = rows.values()
    return Outcome(
        mode="watchers",
        setting={"hosts": hosts, "seconds": seconds},
        sections={"watchers": rows, "of_many": {"hosts": of_many(few, many)}},
        failures=[f"{name} watchers: no event came" for name, row in rows.items() if not row["events"]],
    )


def of_many(few: Row, many: Row) -> Row:
    """How much more many watchers cost query, and what an event to one of them costs the edge."""
    spent = [row[name] for row in (few, many) for name in ("query_cpu_seconds", "envoy_cpu_seconds", "events")]
    if None in spent:
        return {"query_times": None, "envoy_us_per_event": None}
    query, envoy, events, many_query, many_envoy, many_events = (each or 0 for each in spent)
    return {
        "query_times": round(many_query / query, 2) if query else None,
        "envoy_us_per_event": round((many_envoy - envoy) / (many_events - events) * 1e6, 1)
        if many_events > events
        else None,
    }


async def _watched(target: Target, count: int, window: Window) -> Row:
    with Elsewhere(count_events, target, count, window) as watching:
        usage = await metered(target.processes(), window)
        events, size = await watching.result()
    return {
        "events": events,
        "bytes_per_event": round(size / events) if events else None,
        "query_cpu_seconds": _seconds(usage, "query", window),
        "envoy_cpu_seconds": _seconds(usage, "envoy", window),
    }


def _seconds(usage: Mapping[str, Row], name: str, window: Window) -> float | None:
    percent = usage.get(f"{name}-0", {}).get("cpu_percent")
    return None if percent is None else round(percent / 100 * (window.end - window.begin), 3)


def count_events(target: Target, count: int, window: Window) -> tuple[int, int]:
    """How many events so many watchers were sent within the window, and of how many bytes altogether."""
    return asyncio.run(_count_events(target, count, window))


async def _count_events(target: Target, count: int, window: Window) -> tuple[int, int]:
    url = urlsplit(target.url)
    readers = [_Reader(window) for _ in range(count)]
    loop = asyncio.get_running_loop()
    for reader in readers:
        transport, _ = await loop.create_connection(
            lambda reader=reader: reader, url.hostname, url.port, ssl=target.tls()
        )
        transport.write(_REQUEST.format(url.netloc, target.api_token).encode())
    await pause_until(window.end)
    if broken := sum(reader.ended for reader in readers):
        raise RuntimeError(f"{broken} of {count} watches ended")
    return sum(reader.events for reader in readers), sum(reader.size for reader in readers)


class _Reader(asyncio.Protocol):
    """Looks for nothing but where events end."""

    def __init__(self, window: Window) -> None:
        self.events = self.size = 0
        self.ended = False
        self._window = window
        self._last = b""

    def data_received(self, data: bytes) -> None:
        if not self._last and not data.startswith(b"HTTP/1.1 200"):
            self.ended = True
        if now() in self._window:
            self.events += (self._last + data).count(b"\n\n")
            self.size += len(data)
        self._last = data[-1:]

    def connection_lost(self, _error: Exception | None) -> None:
        self.ended = True
