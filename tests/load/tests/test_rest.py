"""What a watcher makes of a stream of events."""

import dataclasses
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson
import pytest

from tests.load.measure import Window, now
from tests.load.rest import poll, reports_in, watch
from tests.load.target import Target


def _event(name: str, *blocks: tuple[str, int]) -> bytes:
    metrics = [{"nodes": [node, "other"], "times": [time - 1000, time], "values": {}} for node, time in blocks]
    data = orjson.dumps({"add": [], "update": [], "remove": [], "metrics": metrics})
    return b"event: %s\nid: 7\ndata: %s\n\n" % (name.encode(), data)


class _Service(BaseHTTPRequestHandler):
    """Answers a watch with chunks that end anywhere, and anything else with its path."""

    protocol_version = "HTTP/1.1"
    away = 0  # how many requests are refused
    asked = 0
    over = threading.Event()  # set when watches end

    def do_GET(self) -> None:
        _Service.asked += 1
        known = self.headers["Authorization"] == "Bearer secret"
        status = 503 if _Service.asked <= _Service.away else 200 if known else 401
        self.send_response(status)
        if status != 200 or not self.path.startswith("/api/watch/"):
            self.send_header("Content-Length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        stream = b":\n\n" + _event("reset", ("a;<host>", 5)) + _event("update", ("b;<host>", 6), ("a;<host>", 8))
        for part in (stream[:2], stream[2:40], stream[40:-1], stream[-1:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        _Service.over.wait(60)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    monkeypatch.setattr(_Service, "asked", 0)
    monkeypatch.setattr(_Service, "away", 0)
    monkeypatch.setattr(_Service, "over", threading.Event())
    with HTTPServer(("127.0.0.1", 0), _Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield Target(
            url=f"http://127.0.0.1:{server.server_port}",
            service_token="",
            api_token="secret",
            nats_url="",
            nats_key=Path(),
            data=None,
        )
        _Service.over.set()
        server.shutdown()
        thread.join()


def test_a_watcher_recognises_reports_wherever_chunks_end_and_stops_when_it_is_time(target: Target) -> None:
    began = now()
    arrived = watch(target, "hosts", began + 3)
    assert now() - began > 2.9
    assert arrived.keys() == {("a", 5), ("b", 6), ("a", 8)}
    assert all(began < moment < began + 3 for moment in arrived.values())


def test_a_watch_that_is_ended_says_why() -> None:
    with pytest.raises(RuntimeError, match="CREDENTIAL_REVOKED"):
        list(reports_in(b'event: end\ndata: {"reason":"CREDENTIAL_REVOKED","message":""}'))


def test_comments_and_failures_carry_no_report() -> None:
    assert not list(reports_in(b":"))
    assert not list(reports_in(b'event: failure\ndata: {"code":14}'))


class _Clock:
    """Goes on while somebody sleeps, and only then."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr("tests.load.rest.now", clock)
    monkeypatch.setattr("tests.load.rest.time", clock)
    return clock


def test_reading_counts_only_what_lies_in_the_window(target: Target, clock: _Clock) -> None:
    polled = poll(target, ("hosts", "processes"), Window(clock() + 0.25, clock() + 0.75))
    assert {topology: (len(each.seconds), each.size) for topology, each in polled.items()} == {
        "hosts": (1, len("/api/topology/hosts")),
        "processes": (1, len("/api/topology/processes")),
    }


def test_a_request_that_finds_nobody_is_counted_and_not_timed(
    target: Target, clock: _Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Service, "away", 1)
    polled = poll(target, ("hosts", "processes"), Window(clock(), clock() + 0.25))
    assert {topology: (len(each.seconds), each.failed) for topology, each in polled.items()} == {
        "hosts": (0, 1),
        "processes": (1, 0),
    }


def test_a_watcher_comes_again_until_somebody_is_there(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Service, "away", 2)
    assert ("a", 8) in watch(target, "hosts", now() + 4)


def test_what_is_refused_for_good_is_an_error(target: Target) -> None:
    with pytest.raises(RuntimeError, match="GET /api/watch/topology/hosts: 401"):
        watch(dataclasses.replace(target, api_token="wrong"), "hosts", now() + 5)
