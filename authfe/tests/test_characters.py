"""Headers of other bytes than ASCII: none reaches a service, and so none its log."""

import logging
from base64 import b64decode

import pytest
from google.rpc.status_pb2 import Status

from authfe.tests.raw import HOST, exchange, parse
from authfe.tests.running import Edge, until

pytestmark = pytest.mark.integration

FOREIGN = [b"sesame\xff\xfe", "sesame ü".encode(), b"\x80sesame"]


def request(header: bytes, value: bytes, path: bytes = b"/api/topology/hosts", verb: bytes = b"GET") -> bytes:
    line = b"%s %s HTTP/1.1\r\nConnection: close\r\n" % (verb, path)
    return line + HOST + b"%s: %s\r\n\r\n" % (header, value)


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize("header", [b"X-Scope-Probe-Id", b"x-scope-org", b"x-scope-pipe-id"])
def test_a_header_of_ours_is_refused(edge: Edge, header: bytes, value: bytes) -> None:
    before = edge.log.read_text().count("lua_response")
    status, body = parse(exchange(edge, request(header, value)))
    assert (status, body["code"], body["details"][0]["reason"]) == (400, 3, "REQUEST_INVALID")
    assert header.decode().lower() in body["message"]
    assert "sesame" not in body["message"]
    until(lambda: edge.log.read_text().count("lua_response") > before, "the access log is written")
    assert "sesame" not in edge.log.read_text()
    assert not any(replica.service.calls or replica.authority.requests for replica in edge.replicas)


def test_a_grpc_caller_is_told_in_its_own_way(edge: Edge) -> None:
    rpc = b"/scope.query.v1.QueryService/GetInfo"
    answer = exchange(edge, request(b"Content-Type: application/grpc\r\nx-scope-org", FOREIGN[0], rpc, b"POST"))
    head = dict(line.split(b": ", 1) for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
    assert head[b"grpc-status"] == b"3"
    status = Status.FromString(b64decode(head[b"grpc-status-details-bin"]))
    assert (status.code, "ASCII" in status.message) == (3, True)


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize(
    "header", [b"x-city", b"user-agent", b"last-event-id", b"x-some-bin", "x-a: é\r\nx-b".encode()]
)
def test_a_header_that_is_none_of_ours_is_left_out(
    edge: Edge, header: bytes, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert exchange(edge, request(header, value)).startswith(b"HTTP/1.1 200")
    [call] = edge.replica("query").service.calls
    assert header.decode() not in call.metadata
    assert not [text for text in call.metadata.values() if not text.isascii()]
    assert "Invalid encoding" not in caplog.text
    assert "sesame" not in caplog.text


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize("header", [b"cookie", b"authorization"])
def test_what_says_who_calls_is_for_the_authority_alone(edge: Edge, header: bytes, value: bytes) -> None:
    assert exchange(edge, request(header, value)).startswith(b"HTTP/1.1 200")
    [asked] = edge.replica("users").authority.requests
    assert header.decode() in asked.attributes.request.http.headers
    [call] = edge.replica("query").service.calls
    assert header.decode() not in call.metadata
