"""What a view says that it does not show, or shows although it may be out of date."""

import orjson
import pytest

from query import groups
from query.tests.machines import Machine, Reporter, World
from query.tests.reading import Reader, told
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.ids import node_id
from scope_sdk.report.nodes import NodeFacts

NOTHING = {
    "quietProbes": [],
    "quietProbeCount": 0,
    "droppedReports": 0,
    "unusableReports": 0,
    "limits": [],
}


def shown(world: World) -> object:
    view = world.view("hosts")
    answer = orjson.loads(view.answer())["missing"]
    assert view.page(0, "").missing == view.missing()
    return answer


def test_nothing_is_missing_where_all_is_well() -> None:
    world = World()
    assert shown(world) == NOTHING
    world.full(Reporter("p", Machine("a")))
    assert shown(world) == NOTHING


def test_quiet_probes_are_named_until_they_speak_again_or_are_gone() -> None:
    world = World()
    world.full(Reporter("p", Machine("a")), Reporter("q", Machine("b")))
    world.settle(11)
    assert shown(world) == NOTHING | {"quietProbes": ["p", "q"], "quietProbeCount": 2}
    world.full(Reporter("p", Machine("a"), epoch=2))
    assert shown(world) == NOTHING | {"quietProbes": ["q"], "quietProbeCount": 1}
    world.settle(50)
    assert shown(world) == NOTHING | {"quietProbes": ["p"], "quietProbeCount": 1}


def test_at_most_a_hundred_are_named_and_all_are_counted() -> None:
    world = World()
    world.full(*(Reporter(f"p{number:03}", Machine(f"h{number}")) for number in range(120)))
    world.settle(11)
    missing = world.view("hosts").missing()
    assert (len(missing.quiet_probes), missing.quiet_probes[-1], missing.quiet_probe_count) == (100, "p099", 120)


def test_dropped_and_unusable_reports_are_counted() -> None:
    world = World()
    reporter = Reporter("p", Machine("a"))
    world.full(reporter)
    world.report("p", reporter.full(), dropped=3)
    world.model.unusable += 2
    assert shown(world) == NOTHING | {"droppedReports": 3, "unusableReports": 2}


def test_a_probe_of_which_only_a_delta_is_there_is_named() -> None:
    world = World()
    reporter = Reporter("p", Machine("a"))
    reporter.full()
    world.report("p", reporter.delta())
    assert shown(world) == NOTHING | {
        "limits": ["probe p: the log does not hold its full report; it is shown from the next one on"]
    }


def test_watchers_are_told_first_and_whenever_it_differs() -> None:
    world = World()
    reporter = Reporter("p", Machine("a"))
    world.full(reporter)
    reader = Reader(world.view("hosts"))
    reader.read()
    assert [content["missing"] for _, content in reader.told] == [NOTHING]
    assert world.report("p", reporter.delta())
    world.settle()
    reader.read()
    assert "missing" not in reader.last_told()
    world.settle(11)
    reader.read()
    assert reader.last_told()["missing"]["quietProbes"] == ["p"]
    assert not told(world.view("hosts"), reader.cursor)


def test_edges_that_would_be_too_many_are_said_to_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_EDGES", 0)
    world = World()
    builder = Builder()
    services = [node_id(Topology.TOPOLOGY_SERVICE, name) for name in ("one", "two")]
    for service in services:
        builder.add(NodeFacts(Topology.TOPOLOGY_SERVICE, service))
    pod = node_id(Topology.TOPOLOGY_POD, "pod")
    builder.add(NodeFacts(Topology.TOPOLOGY_POD, pod, parents=services))
    builder.connect(pod, ("10.0.0.1", 5), ("8.8.8.8", 53))
    assert world.report("p", Encoder(1).full(builder))
    reader = Reader(world.view("services"))
    reader.read()
    assert reader.nodes.keys() == {*services}
    assert reader.last_told()["missing"]["limits"] == [
        "at most 200,000 edges follow from what is part of several nodes; some have none"
    ]
    assert shown(world) == NOTHING
