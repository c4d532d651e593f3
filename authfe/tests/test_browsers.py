"""What browsers are told on every answer, and whose pages may read it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message
from grpc_status import rpc_status

from authfe.edge import Deployment, Tls
from authfe.edge.bindings import all_bindings
from authfe.tests.pages import ASSET, UiServer
from authfe.tests.raw import HOST, exchange
from authfe.tests.running import Edge, Reply, validate
from authfe.tests.standins import free_port
from mesh.errors import not_found
from tests.certificates import Authority

pytestmark = pytest.mark.integration

HOSTS = "/api/topology/hosts"
RENDER = "/scope.query.v1.QueryService/RenderTopology"
NODE = "/scope.query.v1.QueryService/RenderNode"
LOGIN = "/api/users/login"
OURS, THEIRS = ("https://app.example", "http://localhost:3000"), "https://evil.example"

#: By name, what is asked, and the status of the answer: one of each kind.
ANSWERS = {
    "a service's": ("GET", "/api", {}, 200),
    "a service's error": ("GET", "/api/topology/hosts/x", {}, 404),
    "an event stream": ("GET", "/api/watch/topology/hosts", {}, 200),
    "accounts": ("GET", "/api/users/tokens", {}, 200),
    "a secret shown once": ("POST", "/api/users/tokens", {}, 200),
    "signed out": ("GET", HOSTS, {"Authorization": "Bearer 401"}, 401),
    "denied": ("GET", HOSTS, {"Authorization": "Bearer 403"}, 403),
    "denied for a while": ("GET", HOSTS, {"Authorization": "Bearer 429"}, 429),
    "users away": ("GET", HOSTS, {"Authorization": "Bearer 503"}, 503),
    "no path": ("GET", "/api/nothing", {}, 404),
    "no such verb": ("DELETE", HOSTS, {}, 405),
    "no such parameter": ("GET", f"{HOSTS}?colour=red", {}, 400),
    "a body in the address": ("POST", f"{LOGIN}?token=x", {}, 400),
    "a header of other characters": ("GET", HOSTS, {"x-scope-org": "caf\xe9"}, 400),
    "a path that cannot be read": ("GET", "/api/%00", {}, 400),
    "health": ("GET", "/healthz", {}, 200),
    "the page": ("GET", "/", {}, 200),
    "a script": ("GET", ASSET, {}, 200),
    "a page that nobody writes": ("POST", "/", {}, 405),
    "no file": ("GET", "/nothing.js", {}, 404),
    "the description": ("GET", "/api/openapi.json", {}, 200),
}
#: What may be kept, and how; of all else browsers keep nothing.
KEPT = {
    **dict.fromkeys(("the page", "the description"), "no-cache"),
    "a script": "public, max-age=31536000, immutable",
}
PAGES = {"the page", "a script", "no file", "the description", "health"}
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, ui_server: UiServer) -> Iterator[Edge]:
    """An edge that two other origins may use."""
    edge = Edge(tmp_path_factory.mktemp("opened"), [ui_server], cors_origins=OURS)
    try:
        edge.start()
        yield edge
    finally:
        edge.stop()


def no_such_node(_request: Message, context: grpc.ServicerContext) -> None:
    context.abort_with_status(rpc_status.to_status(not_found("node", "x").status()))


def ask(edge: Edge, name: str, **headers: str) -> Reply:
    verb, path, own, status = ANSWERS[name]
    edge.replica("query").service.answers[NODE] = no_such_node
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = edge.call(verb, path, b"{}" if verb == "POST" else None, {**own, **sent})
    assert answer.status == status, answer
    return answer


def policy(answer: Reply) -> dict[str, str]:
    """The content security policy by directive."""
    directives = (one.strip().partition(" ") for one in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in directives}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_tells_browsers_what_they_may_not_do_with_it(edge: Edge, name: str) -> None:
    answer = ask(edge, name)
    assert answer.headers.items() >= ALWAYS.items()
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == KEPT.get(name, "no-store")
    said = policy(answer)
    assert said.items() >= {"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'"}.items()
    if name not in PAGES:
        assert said.keys() == {"default-src", "base-uri", "frame-ancestors", "form-action"}
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "*" not in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers


def test_the_page_runs_its_own_files_and_calls_nobody_else(edge: Edge) -> None:
    said = policy(ask(edge, "the page"))
    assert {said[f"{kind}-src"] for kind in ("script", "worker", "style", "font", "connect")} == {"'self'"}
    assert (said["object-src"], said["form-action"]) == ("'none'", "'none'")


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET /api HTTP/1.1\r\nx y: z\r\n" + HOST + b"\r\n"])
def test_what_is_hardly_http_is_answered_with_the_same_headers(edge: Edge, request_: bytes) -> None:
    answer = exchange(edge, request_)
    for name, value in ALWAYS.items():
        assert f"\r\n{name}: {value}\r\n".encode() in answer


def test_a_service_says_how_long_its_answer_may_be_kept(edge: Edge) -> None:
    def kept(_request: Message, context: grpc.ServicerContext) -> Any:
        context.send_initial_metadata((("cache-control", "no-cache"),))
        return HttpBody(content_type="text/event-stream", data=b": \n\n")

    edge.replica("query").service.answers[RENDER] = kept
    assert edge.call("GET", HOSTS).headers["cache-control"] == "no-cache"


def test_over_tls_browsers_are_told_to_stay_there_and_the_redirect_tells_the_rest(
    tmp_path: Path, ui_server: UiServer
) -> None:
    served = Authority(tmp_path).certificate()
    edge = Edge(tmp_path, [ui_server], tls=Tls(served.cert, served.key), redirect_port=free_port())
    try:
        edge.start()
        redirect = Edge(tmp_path, [], port=edge.redirect_port).call("GET", "/api")
        assert redirect.status == 308
        assert redirect.headers.items() >= ALWAYS.items()
        assert policy(redirect)["default-src"] == "'none'"
        # Who listens in between could say it too; browsers take it over TLS alone.
        assert "strict-transport-security" not in redirect.headers
    finally:
        edge.stop()


class TestCors:
    """Nobody by default; those who are named, on every answer; nobody else ever."""

    @pytest.mark.parametrize("name", ANSWERS)
    def test_no_other_origin_is_let_in_by_default(self, edge: Edge, name: str) -> None:
        for origin in (*OURS, "null", f"http://{edge.address}"):
            answer = ask(edge, name, origin=origin)
            assert not [header for header in answer.headers if header.startswith("access-control-")]
            assert "origin" not in answer.headers.get("vary", "").lower()

    @pytest.mark.parametrize("name", ANSWERS)
    @pytest.mark.parametrize("origin", OURS)
    def test_a_page_of_a_named_origin_reads_every_answer(self, opened: Edge, name: str, origin: str) -> None:
        answer = ask(opened, name, origin=origin)
        said = {header: value for header, value in answer.headers.items() if header.startswith("access-control-")}
        assert said == {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "retry-after",
        }
        assert "Origin" in answer.headers["vary"]

    @pytest.mark.parametrize(
        "origin",
        [
            *(THEIRS, "null", "*", "", "https://app.example.", "https://app.example:443", "http://app.example"),
            *(
                "https://App.example",
                "https://x.app.example",
                "https://app.example.evil.example",
                "https://evilapp.example",
            ),
            *("https://app.example/", "https://app.exampl", "https://app.example,https://evil.example", "app.example"),
            *("https://app.example https://evil.example", "https://appxexample", "http://localhost:30000"),
        ],
    )
    def test_no_other_origin_reads_anything(self, opened: Edge, origin: str) -> None:
        for name in ("a service's", "denied", "no path", "the page"):
            answer = ask(opened, name, origin=origin)
            assert not [header for header in answer.headers if header.startswith("access-control-")]
            assert "Origin" in answer.headers["vary"]
        assert self.preflight(opened, origin).status == 405

    def test_two_origins_are_none(self, opened: Edge) -> None:
        lines = b"GET /api HTTP/1.1\r\nOrigin: https://app.example\r\nOrigin: https://app.example\r\n"
        assert b"access-control" not in exchange(opened, lines + HOST + b"Connection: close\r\n\r\n")

    def test_the_way_back_depends_on_the_origin_and_the_compression(self, opened: Edge) -> None:
        answer = ask(opened, "the description", origin=OURS[0], accept_encoding="gzip")
        assert answer.headers["content-encoding"] == "gzip"
        assert {one.strip().lower() for one in answer.headers["vary"].split(",")} == {"accept-encoding", "origin"}

    def preflight(self, edge: Edge, origin: str, path: str = LOGIN, method: str = "POST") -> Reply:
        asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x"}
        return edge.call("OPTIONS", path, headers=asked)

    @pytest.mark.parametrize("path", [LOGIN, HOSTS, "/api", "/api/nothing", f"{HOSTS}?org=acme"])
    def test_what_may_be_sent_is_answered_at_the_edge(self, opened: Edge, path: str) -> None:
        authority, services = opened.replica("users").authority, [one.service for one in opened.replicas]
        authority.requests.clear()
        for service in services:
            service.calls.clear()
        answer = self.preflight(opened, OURS[0], path)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == OURS[0]
        assert answer.headers["access-control-allow-credentials"] == "true"
        verbs = {binding.verb for binding in all_bindings()}
        assert set(answer.headers["access-control-allow-methods"].split(", ")) == verbs
        sent = {"authorization", "content-type", "last-event-id", "x-scope-org"}
        assert set(answer.headers["access-control-allow-headers"].split(", ")) == sent
        assert answer.headers["access-control-max-age"] == "600"
        assert answer.headers.items() >= ALWAYS.items()
        assert not authority.requests
        assert not any(service.calls for service in services)

    def test_by_default_nothing_may_be_sent(self, edge: Edge) -> None:
        answer = self.preflight(edge, OURS[0])
        assert answer.status == 405
        assert not [header for header in answer.headers if header.startswith("access-control-")]

    @pytest.mark.parametrize(
        "origin", ["*", "null", "https://*.example", "https://app.example/", "https://App.example", "app.example", ""]
    )
    def test_only_exact_origins_are_named(self, tmp_path: Path, origin: str) -> None:
        with pytest.raises(ValueError, match="origin"):
            Deployment("a:1", tmp_path, {}, cors_origins=[origin])

    def test_envoy_accepts_all_of_it(self, opened: Edge, tmp_path: Path) -> None:
        path = opened.folder / "envoy.json"
        assert "access-control-allow-origin" in json.dumps(json.loads(path.read_text()))
        answer = validate(path, tmp_path)
        assert answer.returncode == 0, answer.stderr
