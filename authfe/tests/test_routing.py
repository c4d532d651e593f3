"""Which RPC a request reaches, and what the edge answers where it reaches none."""

import re
from collections.abc import Iterator

import grpc
import pytest

from authfe.edge.bindings import Binding, Rpc, all_bindings, all_websockets, routed
from authfe.tests.running import Edge
from mesh.contracts import rpcs

pytestmark = pytest.mark.integration

BINDINGS = all_bindings()
PATHS = sorted({re.sub(r"\{[^}]*\}", "x", binding.template) for binding in BINDINGS})
WEBSOCKETS = {(binding.verb, re.sub(r"\{[^}]*\}", "x", binding.template)) for binding in all_websockets()}
INTERNAL = ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]
UNROUTED = sorted(set(rpcs()) - {rpc.path for rpc in routed()})


def grpc_call(edge: Edge, rpc: str, **metadata: str) -> bytes:
    """One call, whatever its kind, with an empty message."""
    with grpc.insecure_channel(edge.address) as channel:
        sent = [(key.replace("_", "-"), value) for key, value in metadata.items()]
        answers: Iterator[bytes] = channel.stream_stream(rpc)(iter([b""]), timeout=60, metadata=sent)
        return b"".join(answers)


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda one: f"{one.verb} {one.template}")
def test_a_rest_call_reaches_the_rpc_that_the_authority_was_asked_about(edge: Edge, binding: Binding) -> None:
    body = b"{}" if binding.verb in ("POST", "PUT", "PATCH") else None
    answer = edge.call(binding.verb, re.sub(r"\{[^}]*\}", "x", binding.template), body)
    assert answer.status == 200, answer.body
    users, service = edge.replica("users"), edge.replica(binding.rpc.area).service
    assert [dict(one.attributes.context_extensions) for one in users.authority.requests] == [{"rpc": binding.rpc.path}]
    assert [call.rpc for call in service.calls] == [binding.rpc.path]
    assert service.calls[0].metadata["x-scope-identity"] == binding.rpc.path
    assert service.calls[0].metadata["x-scope-tenant"] == "acme"


@pytest.mark.parametrize("rpc", routed(), ids=lambda rpc: rpc.path)
def test_a_grpc_call_without_tls_reaches_the_rpc(edge: Edge, rpc: Rpc) -> None:
    grpc_call(edge, rpc.path)
    assert [call.rpc for call in edge.replica(rpc.area).service.calls] == [rpc.path]
    assert len(edge.replica("users").authority.requests) == 1


@pytest.mark.parametrize("rpc", [*UNROUTED, *INTERNAL, "/no.such.Service/Method"])
def test_what_is_not_for_the_outside_is_not_there(edge: Edge, rpc: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        grpc_call(edge, rpc)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert not any(replica.service.calls for replica in edge.replicas)


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/topology/", "/api/topology/hosts/a/b", "/api?x/y"])
def test_an_unknown_path_is_404_as_json(edge: Edge, path: str) -> None:
    answer = edge.call("GET", path)
    expected = 400 if path == "/api?x/y" else 404
    assert (answer.status, answer.headers["content-type"]) == (expected, "application/json")
    assert set(answer.json) == {"code", "message", "details"}
    assert answer.json["message"]


@pytest.mark.parametrize("path", PATHS)
def test_another_verb_is_405_and_says_which_are_taken(edge: Edge, path: str) -> None:
    answer = edge.call("OPTIONS", path)
    assert (answer.status, answer.json["code"]) == (405, 12)
    for verb in answer.headers["allow"].split(", "):
        taken = 426 if (verb, path) in WEBSOCKETS else 200
        assert edge.call(verb, path, b"{}" if verb in ("POST", "PUT", "PATCH") else None).status == taken


def test_a_path_with_two_verbs_names_both(edge: Edge) -> None:
    assert edge.call("PATCH", "/api/users/tokens").headers["allow"] == "GET, POST"


def test_an_unknown_parameter_is_named(edge: Edge) -> None:
    answer = edge.call("GET", "/api/topology/hosts?colour=red")
    assert (answer.status, answer.json["code"]) == (400, 3)
    assert '"colour"' in answer.json["message"]


def test_the_organization_parameter_is_the_authoritys(edge: Edge) -> None:
    assert edge.call("GET", "/api/topology/hosts?org=acme").status == 200
    (asked,) = edge.replica("users").authority.requests
    assert asked.attributes.request.http.path == "/api/topology/hosts?org=acme"


@pytest.mark.parametrize(
    "node_id", ["a/b", "host;4711", "h;<host>", "in-theinternet", "a:b", "50%", "ü", "a b", "a//b", "?#&+"]
)
def test_a_node_id_arrives_as_it_is(edge: Edge, node_id: str) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in node_id.encode())
    answer = edge.call("GET", f"/api/topology/processes/{escaped}")
    assert answer.status == 200, answer.body
    (call,) = edge.replica("query").service.calls
    assert (call.rpc.rpartition("/")[2], call.request.node_id) == ("RenderNode", node_id)


@pytest.mark.parametrize("query", ["token=secret", "org=acme&token=secret", "token=secret&org=acme", "x"])
def test_fields_of_a_body_do_not_come_in_the_address(edge: Edge, query: str) -> None:
    answer = edge.call("POST", f"/api/users/login?{query}", b"{}")
    assert (answer.status, answer.json["code"]) == (400, 3)
    assert "body" in answer.json["message"]
    assert not edge.replica("users").service.calls


@pytest.mark.parametrize("query", ["", "?", "?org=acme"])
def test_a_call_with_a_body_may_name_its_organization(edge: Edge, query: str) -> None:
    assert edge.call("POST", f"/api/users/login{query}", b"{}").status == 200


def test_a_rest_call_says_nothing_about_the_grpc_call_it_becomes(edge: Edge) -> None:
    spoilt = {"grpc-timeout": "nonsense", "grpc-encoding": "nonsense", "x-some-bin": "not base64!"}
    assert edge.call("GET", "/api", headers=spoilt).status == 200
    [call] = edge.replica("query").service.calls
    assert not spoilt.keys() & call.metadata.keys()
