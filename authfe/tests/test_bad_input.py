"""Callers that are wrong, slow, greedy or malicious: each hears of it or is cut off, and nobody else notices."""

import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from authfe.tests import http2
from authfe.tests.pages import ASSET
from authfe.tests.raw import HOST, connect, exchange, parse, until_closed
from authfe.tests.running import Edge, administration, quick, until
from mesh.limits import REQUEST_BYTES

pytestmark = pytest.mark.integration

HOSTS = "/api/topology/hosts"
LOGIN = b"POST /api/users/login HTTP/1.1\r\n" + HOST
CHUNKED = LOGIN + b"Transfer-Encoding: chunked\r\n\r\n"
MEBIBYTE = 1024 * 1024

NewEdge = Callable[..., Edge]


def served(edge: Edge) -> None:
    """Others are answered as ever."""
    assert edge.call("GET", "/api").status == 200


def untouched(edge: Edge) -> None:
    """No service saw anything, and others are answered."""
    assert not any(replica.service.calls for replica in edge.replicas)
    served(edge)


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/api%2Ftopology%2Fhosts", [404]),
        ("/api/topology%2fhosts", [404]),
        ("/api/topology%252Fhosts", [404]),
        ("/api/topology/hosts%00", [400]),
        ("/api/topology/%00", [400]),
        ("/%00", [400]),
        ("//api/topology/hosts", [400, 404]),
        ("/api//topology/hosts", [404]),
        ("/api/topology//hosts", [404]),
        ("/api/topology/hosts//", [404]),
        ("/api/topology/hosts/..%2f..", [200]),  # a node of this name, which is query's to find or not
        ("/api/topology/..%2fhosts", [200]),  # a topology of this name
        ("/../../../etc/passwd", [404]),
        ("/..%2f..%2f..%2fetc%2fpasswd", [400, 404]),
        ("/%2e%2e/%2e%2e/etc/passwd", [404]),
        ("/%252e%252e/etc/passwd", [404]),
        ("/./api/../api/nothing", [404]),
        ("/api/..;/api/nothing", [404]),
        ("/api/\\..\\nothing", [404]),
        ("\\api", [400]),
        ("/api/topology/hosts%", [200, 400]),
    ],
)
def test_no_spelling_of_a_path_leads_elsewhere(edge: Edge, path: str, statuses: list[int]) -> None:
    answer = edge.call("GET", path)
    assert answer.status in statuses, answer
    calls = [call for replica in edge.replicas for call in replica.service.calls]
    assert len(calls) == (answer.status == 200)
    assert {call.rpc.rpartition("/")[2] for call in calls} <= {"RenderTopology", "RenderNode"}


@pytest.mark.parametrize(
    "request_",
    [
        LOGIN + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        LOGIN + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api HTTP/1.1\r\n\r\n",
        LOGIN + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        LOGIN + b"Content-Length: -2\r\n\r\n{}",
        LOGIN + b"Content-Length: 2, 2\r\n\r\n{}",
        LOGIN + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
        LOGIN + b"Transfer-Encoding: identity, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        LOGIN + b"Transfer-Encoding:\tchunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"ffffffffffffffffffff\r\n{}",
        CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2;{}\n0\r\n\r\n",
    ],
)
def test_where_a_request_ends_is_never_guessed(edge: Edge, request_: bytes) -> None:
    answer = exchange(edge, request_)
    assert answer.count(b"HTTP/1.1 ") == 1
    status, body = parse(answer)
    assert status in (400, 501)
    assert body["details"][0]["reason"] == "REQUEST_INVALID"
    untouched(edge)


def test_a_chunk_that_says_that_it_is_huge_is_not_waited_for_beyond_the_bound(edge: Edge) -> None:
    status, body = parse(exchange(edge, CHUNKED + b"7fffffff\r\n" + b" " * (REQUEST_BYTES + MEBIBYTE)))
    assert (status, body["details"][0]["reason"]) == (413, "LIMIT_EXCEEDED")
    untouched(edge)


def test_a_megabyte_of_headers_is_refused_and_forgotten(edge: Edge) -> None:
    assert edge.process
    process = psutil.Process(edge.process.pid)
    request_ = b"GET /api HTTP/1.1\r\n" + HOST + b"x: " + b"y" * MEBIBYTE + b"\r\n\r\n"
    many = b"GET /api HTTP/1.1\r\n" + HOST + b"".join(b"x-%d: y\r\n" % number for number in range(100_000)) + b"\r\n"
    with connect(edge) as neighbour:
        used = []
        for _ in range(3):
            for _ in range(50):
                assert _begun(edge, request_).startswith(b"HTTP/1.1 431")
                assert _begun(edge, many).startswith(b"HTTP/1.1 431")
            until(lambda: statistic(edge, "downstream_cx_active") <= 1, "those connections are closed")
            used.append(process.memory_info().rss)
        assert used[-1] - used[0] < 20 * MEBIBYTE
        neighbour.sendall(b"GET /api HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        assert until_closed(neighbour).startswith(b"HTTP/1.1 200")


def _begun(edge: Edge, request_: bytes) -> bytes:
    """The beginning of what the edge says."""
    with connect(edge) as connection:
        with suppress(ConnectionError):
            connection.sendall(request_)
        return connection.recv(100)


def test_who_never_comes_to_an_end_of_its_headers_is_cut_off(new_edge: NewEdge) -> None:
    edge = new_edge(adapt=quick('"request_headers_timeout": "10s"'))
    with connect(edge) as slow:
        slow.sendall(b"GET /api HTTP/1.1\r\n" + HOST + b"x: ")
        status, body = parse(_drip(slow))
    assert (status, body["details"][0]["reason"]) == (408, "TIMEOUT")
    untouched(edge)


def test_who_comes_to_the_end_of_its_body_byte_by_byte_is_cut_off(new_edge: NewEdge) -> None:
    edge = new_edge(adapt=quick('"max_stream_duration": "60s"'))
    with connect(edge) as slow:
        slow.sendall(LOGIN + b"Content-Length: 100000\r\n\r\n{")
        status, body = parse(_drip(slow))
    assert (status, body["details"][0]["reason"]) == (408, "TIMEOUT")
    untouched(edge)


def test_who_never_comes_to_an_end_of_its_body_is_cut_off(new_edge: NewEdge) -> None:
    edge = new_edge(adapt=quick('"stream_idle_timeout": "60s"'))
    with connect(edge) as slow:
        slow.sendall(LOGIN + b"Content-Length: 100\r\n\r\n{")
        status, body = parse(until_closed(slow))
    assert (status, body["details"][0]["reason"]) == (408, "TIMEOUT")
    untouched(edge)


def test_an_upload_that_breaks_off_reaches_nobody(edge: Edge) -> None:
    for _ in range(20):
        with connect(edge) as broken:
            broken.sendall(LOGIN + b"Content-Length: 1000000\r\n\r\n" + b" " * 500_000)
    until(lambda: statistic(edge, "downstream_rq_active") == 0, "nothing of it is left")
    untouched(edge)


@pytest.mark.parametrize("path", [b"/api", ASSET.encode()])
def test_who_asks_and_never_listens_is_not_read_for_ever(edge: Edge, path: bytes) -> None:
    assert edge.process
    process = psutil.Process(edge.process.pid)
    before = process.memory_info().rss
    with connect(edge) as deaf:
        deaf.settimeout(1)
        sent = 0
        with suppress(TimeoutError, ConnectionError):
            while sent < 1000 * MEBIBYTE:
                sent += deaf.send((b"GET %s HTTP/1.1\r\n" % path + HOST + b"\r\n") * 100)
        assert sent < 100 * MEBIBYTE
        assert process.memory_info().rss - before < 50 * MEBIBYTE
        served(edge)


def test_who_begins_streams_only_to_take_them_back_is_cut_off(edge: Edge) -> None:
    fields = {":method": "GET", ":scheme": "http", ":authority": "localhost", ":path": HOSTS}
    request_ = b"".join(http2.headers(stream, fields) + http2.cancel(stream) for stream in range(1, 20_001, 2))
    exchange(edge, http2.PREFACE + http2.settings() + request_)
    assert statistic(edge, "downstream_rq_too_many_premature_resets") == 1
    assert len(edge.replica("users").authority.requests) < 1000
    served(edge)


def statistic(edge: Edge, name: str) -> int:
    """What the edge counts under this name."""
    found = re.search(rf"{name}: (\d+)", administration(edge.folder / "admin.sock", f"/stats?filter=http.edge.{name}$"))
    assert found
    return int(found[1])


def _drip(connection: socket.socket) -> bytes:
    """Sends a byte now and then until the edge has had enough; what it says."""
    deadline = time.monotonic() + 60
    connection.settimeout(0.05)
    received = b""
    while time.monotonic() < deadline:
        try:
            connection.sendall(b"y")
            if not (chunk := connection.recv(65536)):
                return received
            received += chunk
        except TimeoutError:
            continue
        except ConnectionError:
            return received + until_closed(connection)  # what was said before the end
    raise AssertionError("the edge waits for ever")
