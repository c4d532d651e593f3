"""Two organizations never see each other, whatever is read and however it is asked for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf.message import Message

from scope.query.v1.messages_pb2 import GetNodeRequest, GetTopologyRequest, ListProbesRequest
from scope.query.v1.service_pb2_grpc import QueryServiceStub
from tests.e2e.client import Api, Mesh, wait_for
from tests.e2e.documents import two_processes


@dataclass(frozen=True)
class Tenant:
    org: str
    host: str
    api: Api
    probe: Api


@pytest.fixture(scope="module")
def made(mesh: Mesh) -> tuple[Tenant, Tenant]:
    return tenant(mesh, "left"), tenant(mesh, "right")


@pytest.fixture
def tenants(made: tuple[Tenant, Tenant]) -> tuple[Tenant, Tenant]:
    """Both have just reported their hosts, which else are gone after a minute."""
    for own in made:
        report(own)
        wait_for(lambda own=own: f"{own.host};<host>" in own.api.nodes("hosts"), own.host)
    return made


def report(own: Tenant) -> None:
    sent = own.probe.post("/api/report", two_processes(own.host))
    assert sent.status == 200, sent
    assert sent.json().keys() == {"epoch", "number"}


def tenant(mesh: Mesh, name: str) -> Tenant:
    made = mesh.command_line("scope-users", "create-organization", name, "--output", "json")
    assert made.returncode == 0, made
    content = json.loads(made.stdout)
    assert content.keys() == {"org", "service_token", "api_token"}
    api, probe = (mesh.anybody().bearer(content[key]) for key in ("api_token", "service_token"))
    return Tenant(content["org"], f"{name}-host", api, probe)


READS = (
    "/api/topology",
    "/api/topology/hosts",
    "/api/topology/processes",
    "/api/topology/hosts/{node}",
    "/api/topology/processes/{process}",
    "/api/probes",
)


def test_each_sees_its_own(tenants: tuple[Tenant, Tenant]) -> None:
    for own in tenants:
        nodes = own.api.nodes("processes")
        web = nodes[f"{own.host};100"]
        assert set(web["adjacency"]) == {f"{own.host};200", "out-theinternet"}
        assert nodes["out-theinternet"]["label"] == "The Internet"


def test_nobody_sees_the_others(tenants: tuple[Tenant, Tenant]) -> None:
    left, right = tenants
    for own, other in ((left, right), (right, left)):
        for read in READS:
            path = read.format(node=f"{other.host}%3B%3Chost%3E", process=f"{other.host}%3B100")
            for api in (own.api, own.api.with_headers(x_scope_tenant="0" * 32)):
                body = api.get(path).body.decode()
                assert f"{other.host};" not in body.replace(f"'{other.host};", ""), path
                assert f'"{other.host}"' not in body, path
        with own.api.watch("hosts") as events:
            first = next(events)
            assert {node["id"] for node in first.data["add"]} == {f"{own.host};<host>", "out-theinternet"}


def grpc_reads(channel: grpc.Channel, own: Tenant, other: Tenant) -> Iterator[Message]:
    """What every typed RPC answers, with the other's node asked for by its id."""
    stub, metadata = QueryServiceStub(channel), [("authorization", own.api.headers["authorization"])]
    for topology in ("hosts", "processes"):
        yield stub.GetTopology(GetTopologyRequest(topology=topology), metadata=metadata)
    yield from stub.ListProbes(ListProbesRequest(), metadata=metadata)
    with pytest.raises(grpc.RpcError) as refused:
        stub.GetNode(GetNodeRequest(topology="hosts", node_id=f"{other.host};<host>"), metadata=metadata)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_generated_clients_do_not_see_the_others_either(tenants: tuple[Tenant, Tenant]) -> None:
    left, right = tenants
    for own, other in ((left, right), (right, left)):
        with grpc.insecure_channel(own.api.url.removeprefix("http://")) as channel:
            answers = [str(answer) for answer in grpc_reads(channel, own, other)]
        assert any(own.host in answer for answer in answers)
        assert not any(other.host in answer for answer in answers)


def test_a_place_in_the_others_stream_is_no_place_in_ones_own(tenants: tuple[Tenant, Tenant]) -> None:
    left, right = tenants
    for own, other in ((left, right), (right, left)):
        with other.api.watch("processes") as events:
            place = next(events).id
        with own.api.watch("processes", last_event_id=place) as events:
            first = next(events)
        assert first.kind == "reset"
        assert {node["id"] for node in first.data["add"]} >= {f"{own.host};100"}
        assert not any(other.host in node["id"] for node in first.data["add"])


def test_wishing_for_the_other_organization_is_refused_like_one_that_is_not_there(
    tenants: tuple[Tenant, Tenant],
) -> None:
    left, right = tenants
    for own, other in ((left, right), (right, left)):
        for wish in (own.api.with_headers(x_scope_org=other.org), own.api):
            query = "" if "x-scope-org" in wish.headers else f"?org={other.org}"
            refused = wish.get(f"/api/topology/hosts{query}")
            absent = own.api.get("/api/topology/hosts?org=no-such-organization")
            assert refused.status == absent.status == 403
            assert refused.body == absent.body.replace(b"no-such-organization", other.org.encode())
        assert own.api.get(f"/api/topology/hosts?org={own.org}").status == 200
        wished = own.probe.with_headers(x_scope_org=other.org)
        assert wished.post("/api/report", two_processes("intruder")).status == 403
        assert "intruder;<host>" not in other.api.nodes("hosts")


def test_tokens_of_the_other_cannot_be_revoked(tenants: tuple[Tenant, Tenant]) -> None:
    left, right = tenants
    tokens = [token["id"] for token in right.api.get("/api/users/tokens").json()["tokens"]]
    assert tokens
    mine = {token["id"] for token in left.api.get("/api/users/tokens").json()["tokens"]}
    for token in tokens:
        if token not in mine:
            assert left.api.call("DELETE", f"/api/users/tokens/{token}").status == 404
    assert right.api.get("/api/topology").status == 200
