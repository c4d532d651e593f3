"""What is compressed on its way out, what is not, and what is served of files."""

import gzip
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message

from authfe.tests.pages import ASSET, ROOT, SCRIPT
from authfe.tests.running import Edge
from scope.query.v1.messages_pb2 import GetInfoResponse

pytestmark = pytest.mark.integration

INFO = "/scope.query.v1.QueryService/GetInfo"
RENDER = "/scope.query.v1.QueryService/RenderTopology"
STREAM = "/scope.query.v1.QueryService/StreamTopology"
OPENAPI = "/api/openapi.json"
ACCEPT = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_small_answer_is_as_it_is(edge: Edge) -> None:
    edge.replica("query").service.answers[INFO] = lambda _request, _context: GetInfoResponse(id="x" * 100)
    answer = edge.call("GET", "/api", headers=ACCEPT)
    assert answer.json["id"] == "x" * 100
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == str(len(answer.body))


def test_a_large_answer_is_compressed_for_who_takes_it_and_says_that_it_depends(edge: Edge) -> None:
    edge.replica("query").service.answers[INFO] = lambda _request, _context: GetInfoResponse(id="x" * 100_000)
    packed = edge.call("GET", "/api", headers=ACCEPT)
    assert (packed.headers["content-encoding"], packed.headers["vary"].lower()) == ("gzip", "accept-encoding")
    assert len(packed.body) < 1000
    assert json.loads(gzip.decompress(packed.body))["id"] == "x" * 100_000
    for headers in ({}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0"}):
        plain = edge.call("GET", "/api", headers=headers)
        assert plain.json["id"] == "x" * 100_000
        assert plain.headers["vary"].lower() == "accept-encoding"


def test_files_come_as_they_were_compressed_when_they_were_built(edge: Edge) -> None:
    best, packed = edge.call("GET", ASSET, headers=ACCEPT), edge.call("GET", ASSET, headers={"Accept-Encoding": "gzip"})
    assert (best.headers["content-encoding"], best.body) == ("br", b"brotli")
    assert (packed.headers["content-encoding"], gzip.decompress(packed.body)) == ("gzip", SCRIPT)
    plain = edge.call("GET", ASSET)
    assert ("content-encoding" in plain.headers, plain.body) == (False, SCRIPT)
    assert {answer.headers["vary"].lower() for answer in (best, packed, plain)} == {"accept-encoding"}


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
def test_what_a_browser_has_of_a_file_is_not_sent_again(edge: Edge, coding: str) -> None:
    asked = {"Accept-Encoding": coding}
    tag = edge.call("GET", ASSET, headers=asked).headers["etag"]
    for known in (tag, f'"other", W/{tag}'):
        again = edge.call("GET", ASSET, headers={**asked, "If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"].endswith("immutable")
    assert edge.call("GET", ASSET, headers={**asked, "If-None-Match": '"other"'}).status == 200


def test_what_a_service_has_compressed_is_not_compressed_again(edge: Edge) -> None:
    body = gzip.compress(b"[%s]" % (b" " * 5_000_000), compresslevel=1)
    assert len(body) > 1000

    def answer(_request: Message, context: grpc.ServicerContext) -> HttpBody:
        context.send_initial_metadata((("content-encoding", "gzip"), ("vary", "accept-encoding")))
        return HttpBody(content_type="application/json", data=body)

    edge.replica("query").service.answers[RENDER] = answer
    got = edge.call("GET", "/api/topology/hosts", headers=ACCEPT)
    assert (got.headers["content-encoding"], got.body) == ("gzip", body)
    assert got.headers["vary"].lower() == "accept-encoding"


def test_events_are_not_compressed_and_leave_one_by_one(edge: Edge) -> None:
    read_first = threading.Event()
    first = b"event: reset\ndata: %s\n\n" % (b"x" * 5000)

    def events(_request: Message, _context: grpc.ServicerContext) -> Iterator[HttpBody]:
        yield HttpBody(content_type="text/event-stream", data=first)
        assert read_first.wait(60)
        yield HttpBody(data=b"event: end\n\n")

    edge.replica("query").service.answers[STREAM] = events
    connection = HTTPConnection("127.0.0.1", edge.port, timeout=60)
    connection.request("GET", "/api/watch/topology/hosts", headers=ACCEPT)
    answer = connection.getresponse()
    assert "content-encoding" not in answer.headers
    assert answer.read(len(first)) == first
    read_first.set()
    assert answer.read() == b"event: end\n\n"
    connection.close()


def test_errors_are_compressed_like_answers(edge: Edge) -> None:
    long = "colour" * 500
    answer = edge.call("GET", f"/api/topology/hosts?{long}=1", headers=ACCEPT)
    content = gzip.decompress(answer.body) if "content-encoding" in answer.headers else answer.body
    assert (answer.status, json.loads(content)["code"]) == (400, 3)


def test_the_description_of_the_rest_face_is_for_everybody(edge: Edge) -> None:
    content = (ROOT / "gen" / "openapi" / "openapi.json").read_bytes()
    plain = edge.call("GET", OPENAPI, headers={"Authorization": "Bearer 401"})
    assert (plain.status, plain.headers["content-type"], plain.body) == (200, "application/json", content)
    assert plain.headers["cache-control"] == "no-cache"
    head = edge.call("HEAD", OPENAPI)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(content)))
    packed = edge.call("GET", OPENAPI, headers=ACCEPT)
    assert gzip.decompress(packed.body) == content
    assert not edge.replica("users").authority.requests


@pytest.mark.parametrize("path", [f"{OPENAPI}x", f"{OPENAPI}/x", f"{OPENAPI}/../../app.py", "/api/openapi"])
def test_nothing_else_is_served_beside_it(edge: Edge, path: str) -> None:
    assert edge.call("GET", path).status == 404


def test_it_is_read_only(edge: Edge) -> None:
    answer = edge.call("POST", OPENAPI, b"{}")
    assert (answer.status, answer.json["details"][0]["reason"]) == (405, "METHOD_NOT_ALLOWED")
