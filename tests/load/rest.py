"""Readers of the REST face: one that asks again and again, and one that watches. Each runs in a process of its own."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

import orjson

from tests.load.measure import Window, now
from tests.load.target import Target

POLL_SECONDS = 1.0
"""How often each topology is read."""

_TIMEOUT = 30.0
_CHUNK = 1 << 20

Report = tuple[str, int]
"""A report as a watcher recognises it: its host's name, and when its newest sample was taken (unix milliseconds)."""


@dataclass
class Polled:
    """How long each answer took, in seconds, and how large the last one was, in bytes."""

    seconds: list[float] = field(default_factory=list)
    size: int = 0


def poll(target: Target, topologies: Collection[str], window: Window) -> dict[str, Polled]:
    """Reads topologies over one connection that is kept, every second each, until the window ends."""
    connection = _connect(target)
    polled = {topology: Polled() for topology in topologies}
    while (began := now()) < window.end:
        for topology in topologies:
            before = now()
            body = _get(connection, target, f"/api/topology/{topology}").read()
            if before in window:
                polled[topology].seconds.append(now() - before)
                polled[topology].size = len(body)
        time.sleep(max(began + POLL_SECONDS - now(), 0))
    connection.close()
    return polled


def watch(target: Target, topology: str, until: float) -> dict[Report, float]:
    """When, by `now`, the measurements of each report arrived on a live watch of a topology."""
    connection = _connect(target)
    response = _get(connection, target, f"/api/watch/topology/{topology}")
    arrived: dict[Report, float] = {}
    for moment, event in _events(connection, response, until):
        for report in reports_in(event):
            arrived.setdefault(report, moment)
    connection.close()
    return arrived


def reports_in(event: bytes) -> Iterator[Report]:
    """The reports whose measurements an event carries. RuntimeError where it says that the watch ends."""
    fields = dict(line.split(b": ", 1) for line in event.splitlines() if not line.startswith(b":"))
    if fields.get(b"event") == b"end":
        raise RuntimeError(f"the watch ended: {fields.get(b'data', b'').decode()}")
    if fields.get(b"event") in (b"reset", b"update"):
        for block in orjson.loads(fields[b"data"])["metrics"]:
            yield block["nodes"][0].partition(";")[0], block["times"][-1]


def _connect(target: Target) -> HTTPConnection:
    url = urlsplit(target.url)
    return (HTTPSConnection if url.scheme == "https" else HTTPConnection)(url.netloc, timeout=_TIMEOUT)


def _get(connection: HTTPConnection, target: Target, path: str) -> HTTPResponse:
    connection.request("GET", path, headers={"Authorization": f"Bearer {target.api_token}"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"GET {path}: {response.status} {response.read(500).decode(errors='replace')}")
    return response


def _events(connection: HTTPConnection, response: HTTPResponse, until: float) -> Iterator[tuple[float, bytes]]:
    """Each event with the moment at which its last byte was here, until it is time."""
    held = bytearray()
    while (left := until - now()) > 0:
        connection.sock.settimeout(left)
        try:
            chunk = response.read1(_CHUNK)
        except TimeoutError:
            return
        if not chunk:
            raise RuntimeError("the watch broke off")
        moment = now()
        held += chunk
        if b"\n\n" in held[-len(chunk) - 1 :]:
            *whole, rest = held.split(b"\n\n")
            held = rest
            yield from ((moment, bytes(event)) for event in whole)
