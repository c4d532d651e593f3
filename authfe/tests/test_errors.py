"""Errors that the edge makes by itself: the same form as everybody's, for HTTP and for gRPC callers."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from authfe.edge.bindings import Binding, all_bindings
from authfe.tests.raw import HOST, exchange, parse
from authfe.tests.running import Edge, Reply, until
from authfe.tests.test_routing import grpc_call
from mesh.errors import ServiceError
from mesh.limits import REQUEST_BYTES
from scope.errors.v1.errors_pb2 import Reason
from scope.query.v1.messages_pb2 import GetInfoResponse

pytestmark = pytest.mark.integration

HOSTS = "/api/topology/hosts"
INFO = "/scope.query.v1.QueryService/GetInfo"
LOGIN = "/api/users/login"
INJECTED = "envoy.resource_monitors.injected_resource"

NewEdge = Callable[..., Edge]


def problem(status: int, body: object) -> tuple[int, int, str]:
    """Status, code and reason of an answer that has the form of an error."""
    assert isinstance(body, dict)
    assert body.keys() == {"code", "message", "details"}
    assert body["message"]
    [info] = body["details"]
    assert info.keys() == {"@type", "reason", "domain", "metadata"}
    assert (info["@type"], info["domain"]) == ("type.googleapis.com/google.rpc.ErrorInfo", "scope")
    assert f"REASON_{info['reason']}" in Reason.keys()  # noqa: SIM118 (an enum's wrapper is no mapping)
    return status, body["code"], info["reason"]


def told(answer: Reply) -> tuple[int, int, str]:
    assert answer.headers["content-type"] == "application/json"
    return problem(answer.status, answer.json)


@pytest.mark.parametrize(
    ("verb", "path", "body", "expected"),
    [
        ("GET", "/api/nothing", None, (404, Code.NOT_FOUND, "ROUTE_NOT_FOUND")),
        ("GET", "/api/topology%2Fhosts", None, (404, Code.NOT_FOUND, "ROUTE_NOT_FOUND")),
        ("OPTIONS", "*", None, (404, Code.NOT_FOUND, "ROUTE_NOT_FOUND")),
        ("DELETE", HOSTS, None, (405, Code.UNIMPLEMENTED, "METHOD_NOT_ALLOWED")),
        ("GET", f"{HOSTS}?colour=red", None, (400, Code.INVALID_ARGUMENT, "REQUEST_INVALID")),
        ("POST", f"{LOGIN}?token=x", b"{}", (400, Code.INVALID_ARGUMENT, "REQUEST_INVALID")),
        ("POST", LOGIN, b'{"token":', (400, Code.INVALID_ARGUMENT, "REQUEST_INVALID")),
        ("POST", LOGIN, b'{"token":[1]}', (400, Code.INVALID_ARGUMENT, "REQUEST_INVALID")),
        ("POST", LOGIN, b" " * (REQUEST_BYTES + 1), (413, Code.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")),
        ("GET", f"{HOSTS}%00", None, (400, Code.INVALID_ARGUMENT, "REQUEST_INVALID")),
        ("GET", f"/api/{'x' * 70_000}", None, (431, Code.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_passed_on_says_why(
    edge: Edge, verb: str, path: str, body: bytes | None, expected: tuple[int, int, str]
) -> None:
    assert told(edge.call(verb, path, body)) == expected
    assert not any(replica.service.calls for replica in edge.replicas)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET /api HTTP/1.0\r\n\r\n", (426, Code.FAILED_PRECONDITION)),
        (b"GET /api HTTP/1.1\r\n\r\n", (400, Code.INVALID_ARGUMENT)),
        (b"GET /api HTTP/1.1\r\nx y: z\r\n" + HOST + b"\r\n", (400, Code.INVALID_ARGUMENT)),
        (b"GET /api HTTP/1.1\r\nx: \0\r\n" + HOST + b"\r\n", (400, Code.INVALID_ARGUMENT)),
        (b"GET /api/\xff HTTP/1.1\r\n" + HOST + b"\r\n", (400, Code.INVALID_ARGUMENT)),
        (b"nonsense\r\n\r\n", (400, Code.INVALID_ARGUMENT)),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400, Code.INVALID_ARGUMENT)),
        (b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n", (404, Code.NOT_FOUND)),
        (
            b"GET /api HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + HOST + b"\r\n",
            (403, Code.PERMISSION_DENIED),
        ),
    ],
)
def test_what_is_hardly_http_is_told_so_and_the_connection_ends(
    edge: Edge, request_: bytes, expected: tuple[int, int]
) -> None:
    status, code, reason = problem(*parse(exchange(edge, request_)))
    assert (status, code) == expected
    assert reason == ("ROUTE_NOT_FOUND" if status == 404 else "REQUEST_INVALID")


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """The code and the reason of a gRPC call that fails; its status says the same as its details."""
    with pytest.raises(grpc.RpcError) as failed:
        call()
    status = rpc_status.from_call(failed.value)
    assert status, "an error without details"
    assert (status.code, status.message) == (failed.value.code().value[0], failed.value.details())
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "scope"
    assert status.message
    return failed.value.code().name, info.reason


@pytest.mark.parametrize("rpc", ["/no.such.Service/Method", HOSTS, "/api/nothing"])
def test_grpc_callers_hear_of_what_is_not_there(edge: Edge, rpc: str) -> None:
    assert refused(lambda: grpc_call(edge, rpc)) == ("UNIMPLEMENTED", "ROUTE_NOT_FOUND")


@pytest.mark.parametrize("binding", all_bindings(), ids=lambda one: f"{one.verb} {one.template}")
def test_who_comes_too_often_is_told_how_long_to_wait(edge: Edge, binding: Binding) -> None:
    error = ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_RATE_EXCEEDED, "too often", retry_after=7)

    def refuse(_request: Message, context: grpc.ServicerContext) -> None:
        status = rpc_status.to_status(error.status())
        context.set_trailing_metadata((*status.trailing_metadata, ("retry-after", "7")))
        context.abort(status.code, status.details)

    edge.replica(binding.rpc.area).service.answers[binding.rpc.path] = refuse
    body = b"{}" if binding.body else None
    answer = edge.call(binding.verb, re.sub(r"\{[^}]*\}", "x", binding.template), body)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    [info, wait] = answer.json["details"]
    assert (info["reason"], wait["retryDelay"]) == ("RATE_EXCEEDED", "7s")


@pytest.mark.parametrize("headers", [{"x": "y" * 70_000}, {f"x_{number}": "y" for number in range(120)}])
def test_too_many_headers_end_a_stream_of_http_2_and_nothing_else(edge: Edge, headers: dict[str, str]) -> None:
    with pytest.raises(grpc.RpcError, match=r"RST_STREAM|GOAWAY"):
        grpc_call(edge, INFO, **headers)
    assert not edge.replica("query").service.calls
    assert grpc_call(edge, INFO) == b""


def test_an_answer_that_takes_too_long_is_given_up(new_edge: NewEdge) -> None:
    edge = new_edge(adapt=lambda text: text.replace('"timeout": "30s"', '"timeout": "0.2s"'))
    over = threading.Event()

    def wait(_request: Message, _context: grpc.ServicerContext) -> Message:
        assert over.wait(60)
        return GetInfoResponse()

    edge.replica("query").service.answers[INFO] = wait
    assert told(edge.call("GET", "/api")) == (504, Code.DEADLINE_EXCEEDED, "TIMEOUT")
    assert refused(lambda: grpc_call(edge, INFO)) == ("DEADLINE_EXCEEDED", "TIMEOUT")
    over.set()


@pytest.mark.parametrize("area", ["query", "users"])
def test_what_is_away_is_told_to_everybody(new_edge: NewEdge, area: str) -> None:
    edge = new_edge()
    edge.replica(area).stop()
    reason = "SERVICE_UNAVAILABLE" if area == "query" else "IDENTITY_UNAVAILABLE"
    assert told(edge.call("GET", HOSTS)) == (503, Code.UNAVAILABLE, reason)
    assert refused(lambda: grpc_call(edge, INFO)) == ("UNAVAILABLE", reason)
    until(lambda: edge.healthy() == 503, "/healthz notices")
    assert told(edge.call("GET", "/healthz")) == (503, Code.UNAVAILABLE, "SERVICE_UNAVAILABLE")


def test_an_edge_without_memory_takes_nothing_more_and_says_so(new_edge: NewEdge, tmp_path: Path) -> None:
    pressure = tmp_path / "pressure"
    pressure.write_text("0")
    edge = new_edge(adapt=lambda text: _with_pressure(text, pressure))
    assert edge.call("GET", "/api").status == 200
    _write(pressure, "0.96")
    until(lambda: edge.call("GET", "/api").status == 503, "the edge notices")
    assert told(edge.call("GET", "/api")) == (503, Code.UNAVAILABLE, "OVERLOADED")
    assert refused(lambda: grpc_call(edge, INFO)) == ("UNAVAILABLE", "OVERLOADED")
    _write(pressure, "0.5")
    until(lambda: edge.call("GET", "/api").status == 200, "the edge recovers")


def _with_pressure(text: str, file: Path) -> str:
    """The configuration with memory whose use is what a file says."""
    configuration = json.loads(text.replace("envoy.resource_monitors.fixed_heap", INJECTED))
    configuration["overload_manager"]["refresh_interval"] = "0.05s"
    [heap] = [one for one in configuration["overload_manager"]["resource_monitors"] if one["name"] == INJECTED]
    heap["typed_config"] = {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig",
        "filename": str(file),
    }
    return json.dumps(configuration)


def _write(pressure: Path, value: str) -> None:
    """Envoy reads the file again when another takes its place."""
    new = pressure.with_suffix(".new")
    new.write_text(value)
    new.rename(pressure)
