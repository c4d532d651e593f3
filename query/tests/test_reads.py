"""What readers may ask for: options, pages, how much of each node, and the list of all that there is to read."""

from typing import Any

import grpc
import orjson
import pytest

from query import view
from query.tests.conftest import Log, Served
from query.tests.machines import Machine, Reporter, Socket
from query.tests.test_service import reason
from scope.query.v1.messages_pb2 import GetNodeRequest, GetTopologyRequest, ListTopologiesRequest, RenderTopologyRequest

MACHINE = Machine("a", {1: "busy", 2: "idle", 3: "idle"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 53))])


async def rendered(served: Served, **request: Any) -> dict[str, Any]:
    body = await served.stub.RenderTopology(
        RenderTopologyRequest(**request), metadata=served.metadata("RenderTopology")
    )
    found: dict[str, Any] = orjson.loads(body.data)
    return found


async def typed(served: Served, **request: Any) -> Any:
    return await served.stub.GetTopology(GetTopologyRequest(**request), metadata=served.metadata("GetTopology"))


@pytest.fixture
async def reported(log: Log, served: Served) -> Served:
    await log.create("o")
    await log.full("o", Reporter("p", MACHINE))
    return served


async def listed(served: Served, **request: str) -> dict[str, Any]:
    call = served.stub.ListTopologies(ListTopologiesRequest(**request), metadata=served.metadata("ListTopologies"))
    return {topology.url.rpartition("/")[2]: topology async for topology in call}


async def test_the_list_has_every_topology_in_its_place_with_what_may_be_chosen(reported: Served) -> None:
    found = await listed(reported)
    assert [topology.name for topology in found.values()] == ["Containers", "Hosts", "Pods", "Processes"]
    below = {name: [sub.url for sub in topology.sub_topologies] for name, topology in found.items()}
    assert below == {
        "containers": ["/api/topology/containers-by-hostname", "/api/topology/containers-by-image"],
        "hosts": [],
        "pods": ["/api/topology/kube-controllers", "/api/topology/services"],
        "processes": ["/api/topology/processes-by-name"],
    }
    groups = {group.id: group for group in found["containers"].options}
    assert [*groups] == ["system", "stopped", "pseudo"]
    assert groups["system"].default_value == "application"
    assert [option.value for option in groups["stopped"].options] == ["stopped", "running", "both"]
    assert [group.id for group in found["processes"].options] == ["unconnected"]
    assert not found["hosts"].options
    assert found["pods"].hide_if_empty
    assert not found["hosts"].hide_if_empty


async def test_the_list_counts_what_was_chosen(reported: Served) -> None:
    stats = (await listed(reported))["processes"].stats
    assert (stats.node_count, stats.nonpseudo_node_count, stats.edge_count, stats.filtered_nodes) == (2, 1, 1, 2)
    stats = (await listed(reported, unconnected="show"))["processes"].stats
    assert (stats.node_count, stats.nonpseudo_node_count, stats.edge_count, stats.filtered_nodes) == (4, 3, 1, 0)


async def test_a_choice_is_the_same_on_both_faces(reported: Served) -> None:
    for choice, nodes in (
        ({}, {"a;1", "out-theinternet"}),
        ({"unconnected": "show"}, {"a;1", "a;2", "a;3", "out-theinternet"}),
    ):
        assert set((await rendered(reported, topology="processes", **choice))["nodes"]) == nodes
        assert set((await typed(reported, topology="processes", **choice)).nodes) == nodes


async def test_what_a_topology_has_not_is_ignored_and_what_no_option_has_is_refused(reported: Served) -> None:
    assert (await rendered(reported, topology="hosts", system="all", namespace="x"))["nodes"].keys() >= {"a;<host>"}
    with pytest.raises(grpc.aio.AioRpcError, match="system: must be one of all, system, application") as refused:
        await rendered(reported, topology="containers", system="nonsense")
    assert reason(refused.value) == "INVALID_FIELD"
    for topology in ("containers", "hosts"):
        with pytest.raises(grpc.aio.AioRpcError, match="stopped: must be one of stopped, running, both"):
            await rendered(reported, topology=topology, stopped="nonsense")
    with pytest.raises(grpc.aio.AioRpcError, match="view: must be graph, or empty"):
        await rendered(reported, topology="hosts", view="nonsense")


async def test_a_graph_has_what_drawing_takes_and_nothing_more(reported: Served) -> None:
    whole = (await rendered(reported, topology="processes"))["nodes"]["a;1"]
    drawn = (await rendered(reported, topology="processes", view="graph"))["nodes"]["a;1"]
    assert all(whole[rows] for rows in ("metadata", "parents", "metrics"))
    assert drawn == whole | {"metadata": [], "parents": [], "metrics": [], "tables": []}
    assert list((await typed(reported, topology="processes", view="graph")).nodes["a;1"].metadata) == []


async def test_pages_hold_every_node_once(reported: Served) -> None:
    whole = await rendered(reported, topology="processes", unconnected="show")
    for size in (1, 2, 4, 5):
        found, token, pages = dict[str, Any](), "", 0
        while token or not pages:
            page = await rendered(reported, topology="processes", unconnected="show", page_size=size, page_token=token)
            assert len(page["nodes"]) <= size
            assert not found.keys() & page["nodes"].keys()
            assert page["missing"] == whole["missing"]
            found |= page["nodes"]
            token, pages = page["nextPageToken"], pages + 1
        assert found == whole["nodes"]
        assert pages == -(-len(found) // size)


async def test_a_token_alone_answers_the_rest(reported: Served) -> None:
    page = await rendered(reported, topology="processes", unconnected="show", page_token="a;1")
    assert list(page["nodes"]) == ["a;2", "a;3", "out-theinternet"]
    assert page["nextPageToken"] == ""


async def test_a_page_that_would_be_too_large_is_shorter(reported: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "_RENDERED_BYTES", 1)
    monkeypatch.setattr(view, "_PAGE_BYTES", 1)
    page = await rendered(reported, topology="processes", unconnected="show", page_size=5)
    assert (list(page["nodes"]), page["nextPageToken"]) == (["a;1"], "a;1")
    answer = await typed(reported, topology="processes", unconnected="show", page_size=5)
    assert (list(answer.nodes), answer.next_page_token) == (["a;1"], "a;1")


async def test_a_node_that_options_leave_out_has_details_all_the_same(reported: Served) -> None:
    request = GetNodeRequest(topology="processes", node_id="a;2")
    assert "a;2" not in (await typed(reported, topology="processes")).nodes
    found = await reported.stub.GetNode(request, metadata=reported.metadata("GetNode"))
    assert (found.node.id, found.node.label) == ("a;2", "idle")
