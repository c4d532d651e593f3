"""What becomes of the pages when what serves them goes away."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from authfe.tests.pages import ASSET, PAGE, UiServer, build
from authfe.tests.running import Edge, until

pytestmark = pytest.mark.integration


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[UiServer]]:
    """Two of them."""
    pages = build(tmp_path / "pages" / "dist")
    found = [UiServer(pages), UiServer(pages)]
    try:
        for server in found:
            server.start()
        yield found
    finally:
        for server in found:
            server.kill()


def test_one_of_two_that_dies_is_not_noticed(new_edge: Callable[..., Edge], servers: list[UiServer]) -> None:
    edge = new_edge(pages=servers)
    assert {edge.call("GET", "/").status for _ in range(10)} == {200}
    servers[0].kill()
    assert {edge.call("GET", path).status for path in ("/", ASSET) for _ in range(100)} == {200}
    assert edge.healthy() == 200


def test_one_of_two_that_stands_still_holds_nobody_up_for_long(
    new_edge: Callable[..., Edge], servers: list[UiServer]
) -> None:
    edge = new_edge(pages=servers)
    os.kill(servers[0].pid, signal.SIGSTOP)
    began = time.monotonic()
    assert {edge.call("GET", ASSET).status for _ in range(10)} == {200}
    # One request waits for five seconds; alone it would for thirty.
    assert time.monotonic() - began < 20


def test_files_of_either_version_are_found_while_there_are_two(
    new_edge: Callable[..., Edge], servers: list[UiServer], tmp_path: Path
) -> None:
    newer = "/assets/app-5678.js"
    old, new = servers[0], UiServer(build(tmp_path / "newer" / "dist"))
    script = tmp_path / "newer" / "dist" / ASSET[1:]
    script.rename(script.with_name(Path(newer).name))
    new.start()
    try:
        edge = new_edge(pages=[old, new])
        assert {edge.call("GET", path).status for path in (ASSET, newer) for _ in range(20)} == {200}
        assert edge.call("GET", "/assets/nothing.js").status == 404
    finally:
        new.kill()


def test_without_any_it_says_so_and_services_go_on(new_edge: Callable[..., Edge], servers: list[UiServer]) -> None:
    edge = new_edge(pages=servers)
    for server in servers:
        server.kill()
    for path in ("/", ASSET, "/api/openapi.json"):
        answer = edge.call("GET", path)
        assert (answer.status, answer.headers["content-type"]) == (503, "application/json")
        assert (answer.json["message"], answer.json["details"][0]["reason"]) == (
            "What answers this is away at the moment. Try again.",
            "SERVICE_UNAVAILABLE",
        )
        assert answer.headers["cache-control"] == "no-store"
    until(lambda: edge.healthy() == 503, "the edge is not whole")
    assert edge.call("GET", "/api").status == 200
    servers[1].start()
    until(lambda: edge.healthy() == 200, "the edge is whole again")
    assert edge.call("GET", "/").body == PAGE


@pytest.mark.parametrize("path", ["/", ASSET, "/nothing"])
def test_pages_are_there_to_be_read(edge: Edge, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = edge.call(method, path, b"x" if method != "OPTIONS" else None)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
        assert answer.json["message"] == "This resource takes GET, HEAD only."


def test_what_is_no_file_is_said_as_every_other_error(edge: Edge) -> None:
    answer = edge.call("GET", "/nothing")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    assert (answer.json["code"], answer.json["details"][0]["reason"]) == (5, "ROUTE_NOT_FOUND")


def test_pages_see_no_credential(edge: Edge) -> None:
    secret = {"Authorization": "Bearer 401", "Cookie": "scope=secret", "If-None-Match": "*"}
    assert edge.call("GET", "/", headers=secret).status == 304
    assert not edge.replica("users").authority.requests
