"""Whose address a request has: who connects, or whom trusted proxies name, and never whom a client pretends to be."""

from collections.abc import Callable, Mapping

import pytest

from authfe.tests.raw import exchange
from authfe.tests.running import Edge, until
from authfe.tests.test_routing import grpc_call

pytestmark = pytest.mark.integration

INFO = "/scope.query.v1.QueryService/GetInfo"
HERE = "127.0.0.1"
#: What a client may say of the way its request came.
CLAIMS = {
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "forged.example",
    "X-Forwarded-Port": "192",
    "X-Forwarded-Prefix": "/forged",
    "X-Forwarded-Server": "forged",
    "Forwarded": "for=192.0.2.1;proto=https;host=forged.example",
    "X-Real-Ip": "192.0.2.1",
    "X-Scope-Address": "192.0.2.1",
    "X-Envoy-External-Address": "192.0.2.1",
}


def address(edge: Edge, headers: Mapping[str, str]) -> str:
    """The client's address as users is told it."""
    edge.replica("users").authority.requests.clear()
    assert edge.call("GET", "/api", headers=headers).status == 200
    [asked] = edge.replica("users").authority.requests
    return dict(asked.attributes.request.http.headers)["x-scope-address"]


def test_nobody_says_whose_address_it_is_where_no_proxy_is_trusted(edge: Edge) -> None:
    assert address(edge, {}) == HERE
    assert address(edge, CLAIMS) == HERE
    for claimed in ("192.0.2.1, 192.0.2.2", "2001:db8::1", "unknown", "", "127.0.0.1"):
        assert address(edge, {"X-Forwarded-For": claimed}) == HERE


def test_services_hear_nothing_of_the_way_a_request_came(edge: Edge) -> None:
    edge.call("GET", "/api", headers=CLAIMS)
    grpc_call(edge, INFO, **{name.lower().replace("-", "_"): value for name, value in CLAIMS.items()})
    calls = edge.replica("query").service.calls
    assert len(calls) == 2
    for call in calls:
        assert not {name.lower() for name in CLAIMS} & call.metadata.keys()


@pytest.mark.parametrize(
    ("hops", "said", "expected"),
    [
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        # The trusted proxy adds at the end; what stands before it came from its client.
        (1, "203.0.113.9, 192.0.2.1", "192.0.2.1"),
        (1, "", HERE),
        (1, "192.0.2.1, unknown", HERE),
        (2, "203.0.113.9, 192.0.2.1, 198.51.100.1", "192.0.2.1"),
        # A proxy less than there should be: somebody came around it.
        (2, "192.0.2.1", HERE),
    ],
)
def test_a_trusted_proxy_says_it(new_edge: Callable[..., Edge], hops: int, said: str, expected: str) -> None:
    edge = new_edge(trusted_hops=hops)
    assert address(edge, {"X-Forwarded-For": said} if said else {}) == expected


def test_several_lines_are_one_list(new_edge: Callable[..., Edge]) -> None:
    edge = new_edge(trusted_hops=1)
    lines = b"GET /api HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n"
    exchange(edge, lines + b"Connection: close\r\n\r\n")
    [asked] = edge.replica("users").authority.requests
    assert asked.attributes.request.http.headers["x-scope-address"] == "192.0.2.1"


def test_the_access_log_has_the_same_address(new_edge: Callable[..., Edge]) -> None:
    edge = new_edge(trusted_hops=1)
    edge.call("GET", "/api", headers={"X-Forwarded-For": "192.0.2.1"})
    until(lambda: '"client":"192.0.2.1"' in edge.log.read_text(), "the line is written")
