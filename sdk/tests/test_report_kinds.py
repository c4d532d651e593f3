"""Every kind of fact that a report can hold comes back from its bytes."""

import math
from itertools import pairwise
from typing import Any

import pytest

from scope.report.v1.report_pb2 import Plugin, Report
from scope.report.v1.template_pb2 import (
    ColumnTemplate,
    ControlTemplate,
    DataType,
    MetricFormat,
    MetricTemplate,
    RowTemplate,
    TableTemplate,
    TableType,
    TopologyTemplates,
)
from scope_sdk import Builder, NodeFacts, Topology, ids
from scope_sdk.report.check import check
from scope_sdk.report.encode import Encoder
from scope_sdk.report.merge import Facts, facts
from scope_sdk.report.state import ProbeState

HOST = ids.host_id("myhost")
PROCESS = ids.process_id("myhost", 4711)
CONTAINER = ids.container_id("abc")
T = 1_700_000_000_000


def host(**more: Any) -> Builder:
    return Builder().add(NodeFacts(Topology.TOPOLOGY_HOST, HOST, "myhost", **more))


def parsed(builder: Builder) -> Report:
    """What a reader makes of the bytes."""
    report = Report.FromString(Encoder(T).full(builder).SerializeToString())
    check(report)
    return report


def stored(builder: Builder) -> ProbeState:
    state = ProbeState()
    assert state.offer(parsed(builder))
    return state


def facts_by_id(builder: Builder) -> dict[str, Facts]:
    state = stored(builder)
    return {state.id_of(handle): facts(state, handle) for handle in state.nodes()}


def samples(builder: Builder) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """By node and metric."""
    state, report = stored(builder), parsed(builder)
    times = [report.time_unix_ms + offset for offset in report.sample_offsets_ms]
    found = {}
    for column in report.metrics:
        rows = iter(column.values)
        for handle in column.nodes:
            taken = [(time, next(rows)) for time in times]
            found[state.id_of(handle), state.strings()[column.metric]] = taken
    return found


def test_ids_labels_and_parents() -> None:
    builder = host()
    builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, PROCESS, "nginx", parents=[HOST, CONTAINER]))
    builder.add(NodeFacts(Topology.TOPOLOGY_CONTAINER, CONTAINER, "web", parents=[HOST]))
    assert facts_by_id(builder) == {
        HOST: Facts(HOST, Topology.TOPOLOGY_HOST, "myhost"),
        PROCESS: Facts(PROCESS, Topology.TOPOLOGY_PROCESS, "nginx", parents=frozenset({HOST, CONTAINER})),
        CONTAINER: Facts(CONTAINER, Topology.TOPOLOGY_CONTAINER, "web", parents=frozenset({HOST})),
    }


@pytest.mark.parametrize("topology", sorted(ids.TOPOLOGIES))
def test_every_topology(topology: Topology.ValueType) -> None:
    id_ = ids.node_id(topology, "x", "myhost")
    assert ids.parts(topology, id_) == ("myhost" if topology == Topology.TOPOLOGY_PROCESS else "", "x")
    assert ids.topology_of(ids.topology_name(topology)) == topology
    assert id_ in facts_by_id(host().add(NodeFacts(topology, id_)))


def test_ids_are_those_of_old() -> None:
    written = {ids.topology_name(topology): ids.node_id(topology, "x", "h") for topology in ids.TOPOLOGIES}
    tagged = {name: id_ for name, id_ in written.items() if id_ != f"x;<{name}>"}
    assert tagged == {
        "process": "h;x",
        "daemon_set": "x;<daemonset>",
        "stateful_set": "x;<statefulset>",
        "cron_job": "x;<cronjob>",
        "ecs_service": "x",
        "overlay": "x",
    }
    assert len(written) == 22


def test_attributes_of_each_kind() -> None:
    attributes = {
        "os": "linux",
        "uptime": 12.5,
        "pid": 4711,
        "local_networks": ["10.0.0.0/8", "fe80::/64", "10.0.0.0/8"],
    }
    found = facts_by_id(host(attributes=attributes))[HOST]
    assert found.texts == {"os": "linux"}
    assert found.numbers == {"uptime": 12.5, "pid": 4711.0}
    assert found.sets == {"local_networks": frozenset({"10.0.0.0/8", "fe80::/64"})}


def test_tables_and_active_controls() -> None:
    rows = {"label_app": ("app", "web"), "label_tier": ("tier", "front")}
    found = facts_by_id(host(tables={"docker_label_": rows}, controls=["host_exec"]))[HOST]
    assert found.tables == {"docker_label_": rows}
    assert found.controls == {"host_exec"}


def test_metrics_share_their_times_and_have_holes() -> None:
    builder = host(metrics={"load1": [(T, 0.5), (T + 1000, 0.75)], "cpu": []})
    builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, PROCESS, metrics={"cpu": [(T + 500, 2.0)]}))
    found = samples(builder)
    assert [value for _, value in found[HOST, "load1"] if not math.isnan(value)] == [0.5, 0.75]
    assert found[HOST, "load1"][0] == (T, 0.5)
    assert found[HOST, "load1"][2] == (T + 1000, 0.75)
    assert [not math.isnan(value) for _, value in found[PROCESS, "cpu"]] == [False, True, False]
    assert (HOST, "cpu") not in found


def test_maxima_of_metrics_alike_and_not() -> None:
    builder = host(metrics={"cpu": [(T, 1.0)], "load1": [(T, 1.0)]}, maxima={"cpu": 100, "load1": 4, "other": 1})
    builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, PROCESS, metrics={"cpu": [(T, 1.0)]}, maxima={"cpu": 50}))
    report = Encoder(T).full(builder)
    columns = {report.strings[column.metric]: column for column in report.metrics}
    assert list(columns["cpu"].maxima) == [100, 50]
    assert (columns["load1"].max, list(columns["load1"].maxima)) == (4, [])


def test_templates_of_each_kind() -> None:
    templates = TopologyTemplates(
        topology=Topology.TOPOLOGY_PROCESS,
        rows=[
            RowTemplate(id="cmdline", label="Command", priority=2, sensitive=True, truncate=80),
            RowTemplate(id="pid", label="PID", data_type=DataType.DATA_TYPE_NUMBER, priority=1),
        ],
        metrics=[
            MetricTemplate(id="cpu", label="CPU", format=MetricFormat.METRIC_FORMAT_PERCENT, group="g", priority=1)
        ],
        tables=[
            TableTemplate(
                id="env",
                label="Environment",
                type=TableType.TABLE_TYPE_MULTICOLUMN,
                columns=[ColumnTemplate(id="label", label="Name"), ColumnTemplate(id="value", label="Value")],
                sensitive=True,
            )
        ],
        controls=[ControlTemplate(id="stop", label="Stop", icon="fa fa-stop", confirmation="Sure?", rank=7)],
    )
    found = stored(host().template(templates)).templates()
    assert list(found.topologies) == [templates]


def test_later_templates_replace_earlier_ones_of_their_id() -> None:
    builder = host()
    for label in ("PID", "Process"):
        builder.template(
            TopologyTemplates(topology=Topology.TOPOLOGY_PROCESS, rows=[RowTemplate(id="pid", label=label)])
        )
    builder.template(TopologyTemplates(topology=Topology.TOPOLOGY_PROCESS, rows=[RowTemplate(id="os", label="OS")]))
    (kind,) = stored(builder).templates().topologies
    assert [row.label for row in kind.rows] == ["OS", "Process"]


def test_connections_with_addresses_in_their_one_form() -> None:
    builder = host().add(NodeFacts(Topology.TOPOLOGY_PROCESS, PROCESS))
    builder.connect(PROCESS, ("127.0.0.1", 40_000), ("127.0.0.2", 80))
    builder.connect(PROCESS, ("::1", 1), ("0:0:0:0:0:0:0:1", 2), incoming=True)
    builder.connect(HOST, ("::ffff:10.0.0.1", 22), ("2001:DB8:0:0::7", 50_000), incoming=True, times=3)
    builder.connect(HOST, ("bridge;172.17.0.1", 1), ("::ffff:127.0.0.1", 2))
    found = stored(builder).connections()
    at = found.addresses
    rows = zip(
        found.owners,
        [at[row] for row in found.local_addresses],
        found.local_ports,
        [at[row] for row in found.remote_addresses],
        found.remote_ports,
        found.incoming,
        found.counts,
        strict=True,
    )
    assert set(rows) == {
        (2, "myhost;127.0.0.1", 40_000, "myhost;127.0.0.2", 80, False, 1),
        (2, "myhost;::1", 1, "myhost;::1", 2, True, 1),
        (1, "10.0.0.1", 22, "2001:db8::7", 50_000, True, 3),
        (1, "bridge;172.17.0.1", 1, "myhost;127.0.0.1", 2, False, 1),
    }
    assert all(first < second for first, second in pairwise(at))


def test_a_connection_said_twice_counts_twice_and_counts_are_left_out_where_all_are_one() -> None:
    builder = host().connect(HOST, ("10.0.0.1", 1), ("10.0.0.2", 2))
    assert not stored(builder).connections().counts
    assert list(stored(builder.connect(HOST, ("10.0.0.1", 1), ("10.0.0.2", 2))).connections().counts) == [2]


def test_loopback_of_a_container_has_its_hosts_scope() -> None:
    builder = host().add(NodeFacts(Topology.TOPOLOGY_CONTAINER, CONTAINER, parents=[HOST]))
    builder.connect(CONTAINER, ("127.0.0.1", 1), ("10.0.0.2", 2))
    assert "myhost;127.0.0.1" in stored(builder).connections().addresses


def test_translations_and_names() -> None:
    builder = host().translate(("10.0.0.1", 80), ("172.17.0.2", 8080))
    builder.name("10.0.0.1", forward=["web.example"]).name("10.0.0.1", reverse=["host-1"])
    found = stored(builder).connections()
    moved = found.translations
    assert found.addresses[moved.original_addresses[0]] == "10.0.0.1"
    assert found.addresses[moved.translated_addresses[0]] == "172.17.0.2"
    assert (moved.original_ports[0], moved.translated_ports[0]) == (80, 8080)
    (name,) = found.names
    assert (found.addresses[name.address], list(name.forward), list(name.reverse)) == (
        "10.0.0.1",
        ["web.example"],
        ["host-1"],
    )


def test_plugins() -> None:
    plugin = Plugin(id="p", label="P", description="d", interfaces=["reporter"], api_version="1", status="ok")
    assert list(stored(host().plugin(plugin)).plugins().plugins) == [plugin]


def test_a_node_added_twice_is_joined() -> None:
    builder = host(attributes={"os": "linux", "load": 1}, controls=["a"])
    builder.add(NodeFacts(Topology.TOPOLOGY_HOST, HOST, attributes={"load": 2}, controls=["b", "a"], metrics={}))
    found = facts_by_id(builder)[HOST]
    assert (found.label, found.texts, found.numbers) == ("myhost", {"os": "linux"}, {"load": 2.0})
    assert found.controls == {"a", "b"}


def test_several_hosts_in_one_report() -> None:
    builder = host().add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id("other")))
    builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, PROCESS))
    builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("other", 4711)))
    assert facts_by_id(builder).keys() == {HOST, "other;<host>", PROCESS, "other;4711"}
