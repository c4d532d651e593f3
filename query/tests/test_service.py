"""The service as its readers meet it, over gRPC."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import grpc
import orjson
import pytest
from google.protobuf import json_format
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from query import service, watch
from query.tests.conftest import Log, Served, eventually
from query.tests.machines import Machine, Reporter, Socket
from scope.auth.v1.access_pb2 import Caller
from scope.query.v1.messages_pb2 import (
    GetInfoRequest,
    GetNodeRequest,
    GetTopologyRequest,
    ListProbesRequest,
    ListTopologiesRequest,
    RenderNodeRequest,
    RenderTopologyRequest,
    StreamTopologyRequest,
)

MACHINE = Machine("a.example.org", {1: "one"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 53))])


def reason(error: grpc.aio.AioRpcError) -> str:
    status = Status()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status.ParseFromString(value)
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


async def events(call: Any) -> AsyncIterator[tuple[str, str, Any]]:
    """Name, id and data of each event; comments are left out."""
    async for body in call:
        assert body.content_type == "text/event-stream"
        fields = dict(line.split(": ", 1) for line in body.data.decode().splitlines() if line and line[0] != ":")
        if fields:
            yield fields["event"], fields.get("id", ""), orjson.loads(fields["data"])


async def test_both_faces_say_the_same(log: Log, served: Served) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", MACHINE))
    for topology in ("hosts", "processes"):
        typed = await served.stub.GetTopology(
            GetTopologyRequest(topology=topology), metadata=served.metadata("GetTopology")
        )
        printed = await served.stub.RenderTopology(
            RenderTopologyRequest(topology=topology), metadata=served.metadata("RenderTopology")
        )
        assert printed.content_type == "application/json"
        assert typed.nodes
        as_dict = json_format.MessageToDict(typed, always_print_fields_with_no_presence=True)
        assert orjson.loads(printed.data) == as_dict
        for node in typed.nodes:
            one = await served.stub.GetNode(
                GetNodeRequest(topology=topology, node_id=node), metadata=served.metadata("GetNode")
            )
            body = await served.stub.RenderNode(
                RenderNodeRequest(topology=topology, node_id=node), metadata=served.metadata("RenderNode")
            )
            as_dict = json_format.MessageToDict(one, always_print_fields_with_no_presence=True)
            assert orjson.loads(body.data) == as_dict
            assert as_dict["node"]["id"] == node


async def test_lists(log: Log, served: Served) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", MACHINE))
    listed = [
        topology
        async for topology in served.stub.ListTopologies(
            ListTopologiesRequest(), metadata=served.metadata("ListTopologies")
        )
    ]
    shown = {topology.url: topology for topology in listed}
    assert [topology.name for topology in listed] == sorted(topology.name for topology in listed)
    assert (shown["/api/topology/hosts"].name, shown["/api/topology/hosts"].rank) == ("Hosts", 4)
    assert (shown["/api/topology/processes"].name, shown["/api/topology/processes"].rank) == ("Processes", 1)
    assert [shown[f"/api/topology/{name}"].stats.node_count for name in ("hosts", "processes", "pods")] == [2, 2, 0]
    probes = [
        probe async for probe in served.stub.ListProbes(ListProbesRequest(), metadata=served.metadata("ListProbes"))
    ]
    assert [(probe.id, probe.hostname, probe.version, probe.dropped) for probe in probes] == [
        ("p", "a.example.org", "9", 4)
    ]
    assert probes[0].last_seen.ToMilliseconds() > 1.7e12


async def test_the_id_is_one_for_the_deployment(served: Served) -> None:
    metadata = served.metadata("GetInfo", caller=Caller.CALLER_PUBLIC)
    first = await served.stub.GetInfo(GetInfoRequest(), metadata=metadata)
    assert first == await served.stub.GetInfo(GetInfoRequest(), metadata=metadata)
    assert len(first.id) == 32
    assert first.version


async def test_what_is_not_there(served: Served) -> None:
    for rpc, request in (
        ("GetTopology", GetTopologyRequest(topology="nonsense")),
        ("RenderTopology", RenderTopologyRequest(topology="nonsense")),
        ("GetNode", GetNodeRequest(topology="hosts", node_id="nobody")),
        ("RenderNode", RenderNodeRequest(topology="hosts", node_id="nobody")),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(served.stub, rpc)(request, metadata=served.metadata(rpc))
        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    call = served.stub.StreamTopology(
        StreamTopologyRequest(topology="nonsense"), metadata=served.metadata("StreamTopology")
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(call))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert "there are processes, " in str(caught.value.details())


async def test_organizations_are_apart(log: Log, served: Served) -> None:
    for name in ("one", "two"):
        await log.create(name)
        await log.full(name, Reporter("p", Machine(name)))
    for name in ("one", "two"):
        answer = await served.stub.GetTopology(
            GetTopologyRequest(topology="hosts"), metadata=served.metadata("GetTopology", organization=name)
        )
        assert list(answer.nodes) == [f"{name};<host>"]
    with pytest.raises(grpc.aio.AioRpcError):
        await served.stub.GetNode(
            GetNodeRequest(topology="hosts", node_id="two;<host>"),
            metadata=served.metadata("GetNode", organization="one"),
        )


async def test_arguments_need_their_permission(log: Log, served: Served) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", MACHINE))
    request = RenderTopologyRequest(topology="processes", unconnected="show")
    hidden = await served.stub.RenderTopology(request, metadata=served.metadata("RenderTopology"))
    shown = await served.stub.RenderTopology(
        request, metadata=served.metadata("RenderTopology", permissions=["report.view", "report.sensitive.view"])
    )
    assert b"secret" not in hidden.data
    assert b"secret" in shown.data


async def test_large_answers_are_compressed_for_those_who_accept_it(log: Log, served: Served) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a", {pid: f"name {pid}" for pid in range(1, 100)})))
    request = RenderTopologyRequest(topology="processes", unconnected="show")
    plain = await served.stub.RenderTopology(request, metadata=served.metadata("RenderTopology"))
    metadata = (*served.metadata("RenderTopology"), ("accept-encoding", "br, gzip"))
    call = served.stub.RenderTopology(request, metadata=metadata)
    assert ("content-encoding", "gzip") in tuple(await call.initial_metadata())
    assert orjson.loads(gzip.decompress((await call).data)) == orjson.loads(plain.data)


async def test_a_comment_says_that_the_stream_is_alive(
    log: Log, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_ALIVE", 0.1)
    await log.create("o")
    call = served.stub.StreamTopology(
        StreamTopologyRequest(topology="hosts"), metadata=served.metadata("StreamTopology")
    )
    bodies = aiter(call)
    assert (await anext(bodies)).data.startswith(b"event: reset\n")
    assert (await anext(bodies)).data == b":\n\n"


async def test_an_answer_that_is_too_large_is_refused(
    log: Log, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ANSWER_BYTES", 100)
    await log.create("o")
    await log.full("o", Reporter("p", MACHINE))
    with pytest.raises(grpc.aio.AioRpcError, match="page_size") as caught:
        await served.stub.RenderTopology(
            RenderTopologyRequest(topology="hosts"), metadata=served.metadata("RenderTopology")
        )
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert reason(caught.value) == "ANSWER_TOO_LARGE"


async def test_a_watch(log: Log, served: Served) -> None:
    await log.create("o")
    machine = Machine("a", {1: "one"})
    reporter = Reporter("p", machine)
    await log.full("o", reporter)
    request = StreamTopologyRequest(topology="processes", unconnected="show")
    call = served.stub.StreamTopology(request, metadata=served.metadata("StreamTopology"))
    stream = events(call)
    name, cursor, data = await anext(stream)
    assert (name, [node["id"] for node in data["add"]]) == ("reset", ["a;1"])
    assert cursor
    machine.processes = {2: "two"}
    await log.append("o", "p", reporter.delta())
    name, _, data = await anext(stream)
    assert (name, [node["id"] for node in data["add"]], data["remove"]) == ("update", ["a;2"], ["a;1"])
    # Cut off and back: only what was missed.
    call.cancel()
    metadata = (*served.metadata("StreamTopology"), ("last-event-id", cursor))
    again = events(
        served.stub.StreamTopology(StreamTopologyRequest(topology="processes", unconnected="show"), metadata=metadata)
    )
    name, _, data = await anext(again)
    assert (name, [node["id"] for node in data["add"]], data["remove"]) == ("update", ["a;2"], ["a;1"])
    # A place where nobody can have been, however it is written: all of it.
    nowhere = cursor.partition("-")[0] + "-" + "9" * 5000
    metadata = (*served.metadata("StreamTopology"), ("last-event-id", nowhere))
    anew = events(
        served.stub.StreamTopology(StreamTopologyRequest(topology="processes", unconnected="show"), metadata=metadata)
    )
    assert (await anext(anew))[0] == "reset"
    # Revoked: it ends, and says why.
    served.authority.worth.clear()
    name, _, data = await asyncio.wait_for(anext(again), 60)
    assert (name, data["reason"]) == ("end", "CREDENTIAL_REVOKED")
    with pytest.raises(StopAsyncIteration):
        await anext(again)


async def test_a_watch_ends_when_the_replica_leaves(log: Log, served: Served) -> None:
    await log.create("o")
    stream = events(
        served.stub.StreamTopology(StreamTopologyRequest(topology="hosts"), metadata=served.metadata("StreamTopology"))
    )
    assert (await anext(stream))[0] == "reset"
    served.mesh.draining.set()
    name, _, data = await anext(stream)
    assert (name, data["reason"]) == ("end", "DRAIN")


async def test_a_watch_says_that_the_log_is_away(log: Log, served: Served) -> None:
    await log.create("o")
    stream = events(
        served.stub.StreamTopology(StreamTopologyRequest(topology="hosts"), metadata=served.metadata("StreamTopology"))
    )
    assert (await anext(stream))[0] == "reset"
    await asyncio.to_thread(log.server.stop)
    name, _, data = await asyncio.wait_for(anext(stream), 60)
    assert name == "failure"
    assert data["code"] == 14
    assert data["details"][0]["reason"] == "LOG_UNAVAILABLE"


async def test_a_watch_that_ends_is_forgotten(log: Log, served: Served, organizations: Any) -> None:
    await log.create("o")
    call = served.stub.StreamTopology(
        StreamTopologyRequest(topology="hosts"), metadata=served.metadata("StreamTopology")
    )
    await anext(events(call))
    assert organizations._followed["o"].watched()
    call.cancel()
    await eventually(lambda: not organizations._followed["o"].watched())
