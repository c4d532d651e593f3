"""Readers of the REST face: one that asks again and again, and one that watches. Each runs in a process of its own."""

import time
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse

import orjson

from tests.connection import connect
from tests.load.measure import Window, now
from tests.load.synthetic import host_name
from tests.load.target import Target

POLL_SECONDS = 0.5
"""How often each topology is read."""

_TIMEOUT = 30.0
_RETRY_SECONDS = 0.2
_CHUNK = 1 << 20
_NAME = len(host_name(0))  # ids of what is on a host begin with its name

Report = tuple[str, int]
"""A report as a watcher recognises it: its host's name, and when its newest sample was taken (unix milliseconds)."""


@dataclass
class Polled:
    """How long each answer took, in seconds, how large the last one was, in bytes, and how often there was none."""

    seconds: list[float] = field(default_factory=list)
    size: int = 0
    failed: int = 0


class AwayError(Exception):
    """The service says that it cannot answer now."""


def poll(target: Target, topologies: Collection[str], window: Window) -> dict[str, Polled]:
    """Reads topologies over one connection that is kept, twice a second each, until the window ends.

    A topology is what follows `/api/topology/`, with its options; none is the list of topologies.
    """
    polled = {topology: Polled() for topology in topologies}
    with closing(_connect(target)) as connection:
        while (began := now()) < window.end:
            for topology in topologies:
                counted = polled[topology] if now() in window else Polled()
                _time(connection, target, topology, counted)
            time.sleep(max(began + POLL_SECONDS - now(), 0))
    return polled


def _time(connection: HTTPConnection, target: Target, topology: str, polled: Polled) -> None:
    before = now()
    try:
        body = _get(connection, target, f"/api/topology/{topology}".rstrip("/")).read()
    except AwayError:
        polled.failed += 1
        return
    polled.seconds.append(now() - before)
    polled.size = len(body)


def watch(target: Target, topology: str, until: float) -> dict[Report, float]:
    """When, by `now`, the measurements of each report arrived on a live watch of a topology."""
    arrived: dict[Report, float] = {}
    with closing(_connect(target)) as connection:
        response = _get_patiently(connection, target, f"/api/watch/topology/{topology}", until)
        for moment, event in _events(connection, response, until):
            for report in reports_in(event):
                arrived.setdefault(report, moment)
    return arrived


def reports_in(event: bytes) -> Iterator[Report]:
    """The reports whose measurements an event carries. RuntimeError where it says that the watch ends."""
    fields = dict(line.split(b": ", 1) for line in event.splitlines() if not line.startswith(b":"))
    if fields.get(b"event") == b"end":
        raise RuntimeError(f"the watch ended: {fields.get(b'data', b'').decode()}")
    if fields.get(b"event") in (b"reset", b"update"):
        for block in orjson.loads(fields[b"data"])["metrics"]:
            yield block["nodes"][0].partition(";")[0][:_NAME], block["times"][-1]


def _connect(target: Target) -> HTTPConnection:
    return connect(target.url, target.ca_file, _TIMEOUT)


def _get(connection: HTTPConnection, target: Target, path: str) -> HTTPResponse:
    connection.request("GET", path, headers={"Authorization": f"Bearer {target.api_token}"})
    response = connection.getresponse()
    if response.status != 200:
        said = response.read().decode(errors="replace")
        error = AwayError if response.status == 503 else RuntimeError
        raise error(f"GET {path}: {response.status} {said[:500]}")
    return response


def _get_patiently(connection: HTTPConnection, target: Target, path: str, until: float) -> HTTPResponse:
    while True:
        try:
            return _get(connection, target, path)
        except AwayError as error:
            if now() > until:
                raise RuntimeError(str(error)) from None
            time.sleep(_RETRY_SECONDS)


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
