"""What the process answers, around the edge."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.request import urlopen

import pytest

from authfe.tests.pages import ASSET, PAGE, ROOT, SCRIPT, UiServer, build
from deploy.local.command import free_ports

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiServer]:
    server = UiServer(build(tmp_path_factory.mktemp("with space") / "dist"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def ask(server: UiServer, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_it_answers_what_it_has(server: UiServer) -> None:
    for path, content in {"/": PAGE, "/index.html": PAGE, "/?x=1": PAGE, ASSET: SCRIPT}.items():
        answer, body = ask(server, path)
        assert (answer.status, body) == (200, content), path


def test_head_says_what_get_would(server: UiServer) -> None:
    got, _ = ask(server, ASSET, accept_encoding="br")
    head, body = ask(server, ASSET, "HEAD", accept_encoding="br")
    assert (head.status, body) == (200, b"")
    for name in ("content-length", "content-encoding", "content-type", "etag", "cache-control", "vary"):
        assert head.headers[name] == got.headers[name], name


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/assets", "/assets/", "//", "/index.html/", "/assets/app-1234.js.br", "/.sources"),
        *("/../conftest.py", "/assets/../../pages", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fconftest.py"),
        *("//etc/passwd", "/%00", "/assets/app-1234.js%00", f"/{'x' * 60_000}"),
    ],
)
def test_nothing_else_is_there_and_it_says_so(server: UiServer, path: str) -> None:
    answer, body = ask(server, path)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    assert b'"There is no such file."' in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_it_is_read_only(server: UiServer, method: str) -> None:
    answer, body = ask(server, "/", method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert b"METHOD_NOT_ALLOWED" in body


def test_it_measures_what_it_answers_and_not_who_asks_for_its_health(server: UiServer) -> None:
    assert ask(server, "/nothing")[0].status == 404
    assert ask(server, "/", "PROPFIND")[0].status == 405
    health, body = ask(server, "/healthz", "TRACE")
    assert (health.status, body) == (200, b"serving\n")
    with urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=60) as page:
        counted = re.findall(r"http_server_request_duration_seconds_count\{(.*?)otel", page.read().decode())
    assert 'http_request_method="GET",http_response_status_code="404",' in counted
    assert 'http_request_method="_OTHER",http_response_status_code="405",' in counted
    assert not [labels for labels in counted if "PROPFIND" in labels or "TRACE" in labels]


def test_odd_headers_are_no_reason_to_fail(server: UiServer) -> None:
    for tag in ('"', "W/", '"unfinished', "nonsense, ,", "x" * 60_000):
        assert ask(server, "/", if_none_match=tag)[0].status == 200
    assert ask(server, "/", if_none_match="*")[0].status == 304


def test_it_leaves_when_it_is_told_to_and_ends_what_it_began(server: UiServer, tmp_path: Path) -> None:
    own = UiServer(build(tmp_path / "dist"))
    (tmp_path / "dist" / "large.txt").write_bytes(b"x" * 32_000_000)
    own.start()
    with socket.create_connection(("127.0.0.1", own.port), timeout=60) as slow:
        slow.sendall(b"GET /large.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = len(slow.recv(100))
        os.kill(own.pid, signal.SIGTERM)
        while part := slow.recv(1_000_000):
            received += len(part)
    assert received > 32_000_000
    assert own._process is not None
    assert own._process.wait(60) == 0


def test_without_pages_it_ends_and_says_how_they_are_made(tmp_path: Path) -> None:
    environment = {**os.environ, "LISTEN": f"127.0.0.1:{free_ports(1)[0]}", "PAGES": str(tmp_path)}
    command = [sys.executable, "-m", "ui"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"there are no pages in {tmp_path}: make ui builds them\n"
