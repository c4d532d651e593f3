"""The page for administrators, and a tool behind it: who gets there, what it is told, and what a browser is shown."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from google.api.httpbody_pb2 import HttpBody

from authfe.edge.tools import PAGE
from authfe.tests.pages import UiServer
from authfe.tests.running import Edge, quick, until
from authfe.tests.sockets import HANDSHAKE
from authfe.tests.upstream import FOR_ALL_OF_THE_ORIGIN, SAID, Upstream, upstream

pytestmark = pytest.mark.integration

DASHBOARD = "/admin/grafana/d/probes?from=now-1h"
LIVE = "/admin/grafana/api/live/ws"
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
#: What a caller may send that a tool is not to learn, or that it could take for ours.
SECRETS = {
    "Authorization": "Bearer scope_api_secret",
    "Cookie": "__Host-scope=scope_session_secret; grafana_session=x",
    "X-Scope-Org": "acme",
    "X-Scope-Identity": "forged",
    "X-Scope-Tenant": "forged",
    "X-Scope-Address": "forged",
    "X-Scope-Probe-Id": "probe",
    "X-Scope-Pipe-Id": "pipe",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-User": "secret",
    "X-WebAuth-User": "secret",
    "X-JWT-Assertion": "secret",
    "Proxy-Authorization": "Basic secret",
    "X-Envoy-Upstream-Rq-Timeout-Ms": "1",
}


@pytest.fixture(scope="module")
def tool() -> Iterator[Upstream]:
    with upstream() as found:
        yield found


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, ui_server: UiServer, tool: Upstream) -> Iterator[Edge]:
    """An edge before a Grafana."""
    edge = Edge(tmp_path_factory.mktemp("tools"), [ui_server], grafana=tool.address)
    try:
        edge.start()
        yield edge
    finally:
        edge.stop()


@pytest.fixture(autouse=True)
def forgotten(before: Edge, tool: Upstream) -> None:
    tool.told.clear()
    for replica in before.replicas:
        replica.authority.requests.clear()
        replica.service.answers.clear()


@contextmanager
def live(edge: Edge) -> Iterator[socket.socket]:
    """A WebSocket of Grafana, as a browser opens it and a caller who would like Grafana to know secrets."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**HANDSHAKE, **SECRETS}.items())
    with socket.create_connection(("127.0.0.1", edge.port), timeout=30) as connection:
        connection.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: scope\r\n{lines}\r\n".encode())
        received = connection.makefile("rb", buffering=0)
        assert received.readline().split()[1] == b"101"
        while received.readline().strip():
            pass
        yield connection


class TestGrafana:
    def test_who_may_see_the_page_gets_there(self, before: Edge, tool: Upstream) -> None:
        answer = before.call("GET", DASHBOARD)
        assert (answer.status, answer.body) == (200, SAID)
        (asked,) = before.replica("users").authority.requests
        assert dict(asked.attributes.context_extensions) == {"rpc": PAGE}
        assert [(told.method, told.path) for told in tool.told] == [("GET", DASHBOARD)]

    @pytest.mark.parametrize("status", [401, 403, 429, 503])
    @pytest.mark.parametrize(("method", "path"), [("GET", DASHBOARD), ("POST", "/admin/grafana/api/ds/query")])
    def test_nobody_else_does(self, before: Edge, tool: Upstream, status: int, method: str, path: str) -> None:
        answer = before.call(method, path, headers={"Authorization": f"Bearer {status}"})
        assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
        assert answer.json["details"][0]["reason"] == "SOME_REASON"
        assert tool.told == []

    def test_it_is_told_nothing_of_who_asks(self, before: Edge, tool: Upstream) -> None:
        assert before.call("POST", "/admin/grafana/api/ds/query", b"{}", SECRETS).status == 200
        (told,) = tool.told
        assert told.body == b"{}"
        ours = [name for name in told.headers if name.startswith(("x-scope-", "x-forwarded-", "x-envoy-"))]
        assert ours == []
        assert not {"authorization", "cookie"} & set(told.headers)
        assert "secret" not in json.dumps(told.headers)

    def test_it_says_nothing_for_all_of_the_origin(self, before: Edge) -> None:
        headers = before.call("GET", DASHBOARD).headers
        assert not {name.lower() for name in FOR_ALL_OF_THE_ORIGIN} & set(headers)
        assert headers["x-content-type-options"] == "nosniff"

    def test_its_pages_reach_nothing_but_what_is_its_own(self, before: Edge) -> None:
        headers = before.call("GET", DASHBOARD).headers
        rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        here = f"127.0.0.1:{before.port}/admin/grafana/"
        assert rules["connect-src"] == f"{here} ws://{here}"
        assert rules["form-action"] == here
        assert rules["frame-ancestors"] == "'none'"
        assert "'self'" not in headers["content-security-policy"]
        # Else it could open a page of ours and act in that one.
        assert headers["cross-origin-opener-policy"] == "unsafe-none"
        assert before.call("GET", "/admin").headers["cross-origin-opener-policy"] == "same-origin"

    def test_its_websockets_pass_where_it_has_them(self, before: Edge, tool: Upstream) -> None:
        with live(before) as connection:
            connection.sendall(b"any bytes")
            assert connection.makefile("rb").read(9) == b"any bytes"
        (told,) = tool.told
        assert told.headers["upgrade"] == "websocket"
        assert not {"authorization", "cookie", "x-scope-identity"} & set(told.headers)
        assert before.call("GET", "/admin/grafana/", headers=HANDSHAKE).status == 403

    def test_its_websockets_end_so_that_it_is_asked_again_who_has_them(
        self, new_edge: Callable[..., Edge], tool: Upstream
    ) -> None:
        edge = new_edge(grafana=tool.address, adapt=quick('"max_stream_duration": "60s"'))
        with live(edge) as connection:
            assert connection.recv(1) == b""

    def test_asking_for_a_websocket_is_asked_about_as_such(self, before: Edge, tool: Upstream) -> None:
        headers = {**HANDSHAKE, "Authorization": "Bearer 403", "Origin": "https://elsewhere.example"}
        assert before.call("GET", LIVE, headers=headers).status == 403
        (asked,) = before.replica("users").authority.requests
        said = asked.attributes.request.http.headers
        assert (said["upgrade"], said["origin"]) == ("websocket", "https://elsewhere.example")
        assert tool.told == []

    def test_the_edge_is_whole_without_it(self, new_edge: Callable[..., Edge]) -> None:
        with upstream() as gone:
            pass
        edge = new_edge(grafana=gone.address)
        answer = edge.call("GET", DASHBOARD)
        assert (answer.status, answer.json["details"][0]["reason"]) == (503, "SERVICE_UNAVAILABLE")
        assert edge.healthy() == 200

    def test_there_is_none_where_none_is_named(self, edge: Edge) -> None:
        assert edge.call("GET", "/admin/grafana/").status == 404


class TestPage:
    @pytest.fixture(params=["/admin", DASHBOARD])
    def path(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def test_it_is_what_users_answers(self, before: Edge) -> None:
        html = HttpBody(content_type="text/html; charset=utf-8", data=b"<p>tools")
        before.replica("users").service.answers[PAGE] = lambda _request, _context: html
        answer = before.call("GET", "/admin", headers=BROWSER)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.body == b"<p>tools"

    def test_with_a_slash_it_is_there_too(self, before: Edge) -> None:
        answer = before.call("GET", "/admin/")
        assert (answer.status, answer.headers["location"]) == (308, "/admin")

    @pytest.mark.parametrize(("status", "link"), [(401, 'href="/#/admin/tools"'), (403, 'href="/#/"')])
    def test_a_browser_is_shown_why_not_and_where_to_go(self, before: Edge, path: str, status: int, link: str) -> None:
        answer = before.call("GET", path, headers={**BROWSER, "Authorization": f"Bearer {status}"})
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert link in answer.body.decode()
        # The words of the refusal may quote the request.
        assert b"refused with" not in answer.body
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_browser_that_asks_elsewhere_is_answered_as_everybody(self, before: Edge, status: int) -> None:
        answer = before.call("GET", "/api/users/lookup", headers={**BROWSER, "Authorization": f"Bearer {status}"})
        assert (answer.status, answer.headers["content-type"]) == (status, "application/json")

    def test_what_calls_itself_grpc_has_no_page(self, before: Edge, path: str) -> None:
        answer = before.call("POST", path, headers={"Content-Type": "application/grpc"})
        assert answer.headers["grpc-status"] == "12"
        assert before.replica("users").authority.requests == []


def test_each_is_logged_by_its_name(before: Edge, tool: Upstream) -> None:
    before.call("GET", DASHBOARD)
    before.call("GET", LIVE, headers=HANDSHAKE)
    lines = '"route":"grafana"', '"route":"grafana-live"'
    until(lambda: all(line in before.log.read_text() for line in lines), "the requests are logged")
    assert len(tool.told) == 2
    assert "now-1h" not in before.log.read_text()
