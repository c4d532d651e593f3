"""What the edge refuses, streams, logs and says of its health."""

import gzip
import json
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from grpc_status import rpc_status

from authfe.edge.limits import CONNECTIONS
from authfe.tests.running import AREAS, Edge, until
from authfe.tests.standins import Replica
from authfe.tests.test_routing import grpc_call
from mesh.errors import invalid_field
from mesh.limits import MESSAGE_BYTES, REQUEST_BYTES
from scope.collection.v1.messages_pb2 import PublishRequest, PublishResponse

pytestmark = pytest.mark.integration

HOSTS = "/api/topology/hosts"
WATCH = "/api/watch/topology/hosts"
INFO = "/scope.query.v1.QueryService/GetInfo"
RENDER = "/scope.query.v1.QueryService/RenderTopology"
STREAM = "/scope.query.v1.QueryService/StreamTopology"
PUBLISH = "/scope.collection.v1.CollectionService/Publish"


def test_a_request_that_is_too_large_is_413(edge: Edge) -> None:
    for path, most in (("/api/users/login", REQUEST_BYTES), ("/api/report", MESSAGE_BYTES)):
        answer = edge.call("POST", path, b'{"token":"' + b"x" * most + b'"}')
        assert (answer.status, answer.json["code"]) == (413, 8)
        assert str(most) in answer.json["message"]
    assert not any(replica.service.calls for replica in edge.replicas)


def test_a_request_below_the_bound_passes(edge: Edge) -> None:
    token = "x" * (REQUEST_BYTES - 1000)
    assert edge.call("POST", "/api/users/login", json.dumps({"token": token}).encode()).status == 200
    assert edge.replica("users").service.calls[0].request.token == token
    label = "x" * (MESSAGE_BYTES - 1000)
    report = {"nodes": [{"topology": "host", "id": "box;<host>", "label": label}]}
    assert edge.call("POST", "/api/report", json.dumps(report).encode()).status == 200
    assert edge.replica("collection").service.calls[0].request.document.nodes[0].label == label


def test_a_request_writes_little_into_the_log_however_long_its_path(edge: Edge) -> None:
    before = len(edge.log.read_bytes())
    headers = {"x-scope-probe-id": "p" * 10_000, "x-request-id": "i" * 10_000}
    assert edge.call("GET", f"/api/{'a-long-path' * 1_000}", headers=headers).status == 404
    until(lambda: b"a-long-path" in edge.log.read_bytes()[before:], "the access log is written")
    assert len(edge.log.read_bytes()) - before < 5_000


@pytest.mark.parametrize("headers", [{"x-long": "y" * 70_000}, {f"x-{number}": "y" for number in range(120)}])
def test_too_many_headers_are_431(edge: Edge, headers: dict[str, str]) -> None:
    answer = edge.call("GET", HOSTS, headers=headers)
    assert (answer.status, answer.json["code"]) == (431, 8)


def test_a_body_that_is_no_json_is_400(edge: Edge) -> None:
    answer = edge.call("POST", "/api/users/login", b'{"token":')
    assert (answer.status, answer.headers["content-type"], answer.json["code"]) == (400, "application/json", 3)


def test_an_answer_of_many_megabytes_passes(edge: Edge) -> None:
    body = HttpBody(content_type="application/json", data=b"[" + b" " * 20_000_000 + b"]")
    edge.replica("query").service.answers[RENDER] = lambda _request, _context: body
    answer = edge.call("GET", HOSTS)
    assert (answer.status, len(answer.body)) == (200, 20_000_002)


def test_the_details_of_an_error_are_in_the_json(edge: Edge) -> None:
    def refuse(_request: Message, context: grpc.ServicerContext) -> None:
        context.abort_with_status(rpc_status.to_status(invalid_field("topology", "is not known").status()))

    edge.replica("query").service.answers[RENDER] = refuse
    answer = edge.call("GET", HOSTS)
    assert (answer.status, answer.json["code"]) == (400, Code.INVALID_ARGUMENT)
    info, bad = answer.json["details"]
    assert (info["reason"], info["domain"]) == ("INVALID_FIELD", "scope")
    assert bad["fieldViolations"][0]["field"] == "topology"


def test_answers_say_nothing_of_what_is_behind(edge: Edge) -> None:
    answer = edge.call("GET", "/api")
    assert not {"server", "x-envoy-upstream-service-time"} & set(answer.headers)
    assert answer.headers["cache-control"] == "no-store"


def test_events_pass_as_they_happen(edge: Edge) -> None:
    read_first = threading.Event()

    def events(_request: Message, _context: grpc.ServicerContext) -> Iterator[HttpBody]:
        yield HttpBody(content_type="text/event-stream", data=b"event: reset\n\n")
        assert read_first.wait(60)
        yield HttpBody(data=b"event: end\n\n")

    edge.replica("query").service.answers[STREAM] = events
    connection = HTTPConnection("127.0.0.1", edge.port, timeout=60)
    connection.request("GET", WATCH, headers={"Last-Event-ID": "7"})
    answer = connection.getresponse()
    assert answer.headers["content-type"] == "text/event-stream"
    assert [answer.readline(), answer.readline()] == [b"event: reset\n", b"\n"]
    read_first.set()
    assert answer.read() == b"event: end\n\n"
    connection.close()
    assert edge.replica("query").service.calls[0].metadata["last-event-id"] == "7"


def test_what_a_service_has_compressed_and_the_cookie_it_sets_arrive(edge: Edge) -> None:
    def answer(_request: Message, context: grpc.ServicerContext) -> HttpBody:
        context.send_initial_metadata(
            (("content-encoding", "gzip"), ("vary", "accept-encoding"), ("set-cookie", "a=b"))
        )
        return HttpBody(content_type="application/json", data=gzip.compress(b"{}"))

    edge.replica("query").service.answers[RENDER] = answer
    got = edge.call("GET", HOSTS, headers={"Accept-Encoding": "gzip"})
    assert edge.replica("query").service.calls[0].metadata["accept-encoding"] == "gzip"
    assert (got.headers["content-encoding"], got.headers["set-cookie"]) == ("gzip", "a=b")
    assert gzip.decompress(got.body) == b"{}"


def test_a_stream_both_ways_is_answered_as_it_goes(edge: Edge) -> None:
    edge.replica("collection").service.answers[PUBLISH] = lambda _request, _context: PublishResponse()
    answered = threading.Semaphore(0)

    def reports() -> Iterator[bytes]:
        for _ in range(3):
            yield PublishRequest(report=b"x" * 1_000_000).SerializeToString()
            assert answered.acquire(timeout=60)

    with grpc.insecure_channel(edge.address) as channel:
        answers: Iterator[bytes] = channel.stream_stream(PUBLISH)(reports(), timeout=60)
        for answer in answers:
            assert answer == b""
            answered.release()
    assert len(edge.replica("collection").service.calls) == 3


def test_a_line_for_each_request_without_its_secrets(edge: Edge) -> None:
    edge.call("GET", f"{HOSTS}?org=sesame", headers={"Authorization": "Bearer open", "Cookie": "scope=sesame"})
    edge.call("GET", "/api/this-is-last?sesame=sesame")
    until(lambda: "this-is-last" in edge.log.read_text(), "the access log is written")
    text = edge.log.read_text()
    assert "sesame" not in text
    line = json.loads(next(line for line in reversed(text.splitlines()) if RENDER in line))
    assert line.items() >= {"route": RENDER, "status": 200, "org": "acme", "path": HOSTS, "method": "GET"}.items()
    assert isinstance(line["duration_ms"], int)


def test_administration_is_a_socket_of_the_owners_alone(edge: Edge) -> None:
    mode = (edge.folder / "admin.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


NewEdge = Callable[..., Edge]


def test_a_connection_too_many_is_closed_and_one_that_ends_makes_room(new_edge: NewEdge) -> None:
    edge = new_edge(adapt=lambda text: text.replace(f": {CONNECTIONS}", ": 3"))
    taken = [socket.create_connection(("127.0.0.1", edge.port), timeout=60) for _ in range(3)]
    with socket.create_connection(("127.0.0.1", edge.port), timeout=60) as refused:
        assert refused.recv(1) == b""
    taken.pop().close()
    until(lambda: edge.healthy() == 200, "there is room again")
    for connection in taken:
        connection.close()


def test_without_the_authority_nobody_is_admitted(new_edge: NewEdge) -> None:
    edge = new_edge()
    edge.replica("users").stop()
    answer = edge.call("GET", HOSTS)
    assert (answer.status, answer.json["code"]) == (503, 14)
    assert answer.json["details"][0]["reason"] == "IDENTITY_UNAVAILABLE"
    assert answer.json["message"]
    with pytest.raises(grpc.RpcError) as refused:
        grpc_call(edge, INFO)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert not edge.replica("query").service.calls
    assert edge.call("GET", "/").status == 200


@pytest.mark.parametrize("area", AREAS)
def test_health_is_every_services(new_edge: NewEdge, area: str) -> None:
    edge = new_edge()
    edge.replica(area).stop()
    until(lambda: edge.healthy() == 503, f"/healthz notices that {area} is away")
    assert edge.call("GET", "/healthz").json["code"] == 14
    edge.replica(area).start()
    until(lambda: edge.healthy() == 200, f"/healthz notices that {area} is back")


def test_a_service_that_is_away_is_503_as_json(new_edge: NewEdge) -> None:
    edge = new_edge()
    edge.replica("query").stop()
    answer = edge.call("GET", HOSTS)
    assert (answer.status, answer.headers["content-type"], answer.json["code"]) == (503, "application/json", 14)
    assert "upstream" not in answer.json["message"]


def test_one_organizations_calls_go_to_one_replica_and_on_to_another_when_it_ends(new_edge: NewEdge) -> None:
    edge = new_edge([*(Replica(area) for area in AREAS), Replica("query")])
    replicas = [replica for replica in edge.replicas if replica.area == "query"]

    def ask(organization: str) -> None:
        assert edge.call("GET", HOSTS, headers={"X-Scope-Org": organization}).status == 200

    def asked(replica: Replica) -> set[str]:
        return {call.metadata["x-scope-tenant"] for call in replica.service.calls}

    organizations = {f"org-{number}" for number in range(20)}
    for organization in organizations:
        ask(organization)
        ask(organization)
    first, second = map(asked, replicas)
    assert first
    assert second
    assert not first & second
    replicas[0].stop()
    replicas[1].service.calls.clear()
    for organization in first:
        ask(organization)
    assert asked(replicas[1]) == first
    assert edge.healthy() == 200


@pytest.mark.parametrize("area", AREAS)
def test_a_replica_that_ends_is_not_felt_while_there_is_another(new_edge: NewEdge, area: str) -> None:
    edge = new_edge([*(Replica(area) for area in AREAS), Replica(area)])
    path, verb = ("/api/report", "POST") if area == "collection" else (HOSTS, "GET")
    edge.replica(area).stop()
    for _ in range(20):
        answer = edge.call(verb, path, b"{}" if verb == "POST" else None)
        assert answer.status == 200, answer.body
