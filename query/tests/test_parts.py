"""The small parts: printing, networks, declarations, samples, topologies."""

import math

import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from query.node.rows import text
from query.render import encoder, to_json
from query.samples import Samples
from query.templates import Declarations
from query.tests.test_join import PHASES
from query.topologies import topologies, topology_showing
from scope.query.v1 import node_pb2 as pb
from scope.report.v1.report_pb2 import MetricColumn, Report
from scope.report.v1.template_pb2 import MetricTemplate, RowTemplate, Templates, TopologyTemplates
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.merge import Facts

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
numbers = st.floats(allow_nan=False, allow_infinity=False)
moments = st.builds(Timestamp, seconds=st.integers(0, 4_000_000_000), nanos=st.integers(0, 999_999_999))
samples = st.builds(pb.Sample, date=st.none() | moments, value=numbers)
metrics = st.builds(pb.Metric, id=texts, value=numbers, max=numbers, samples=st.lists(samples, max_size=2))
rows = st.builds(pb.NodeTableRow, id=texts, entries=st.dictionaries(texts, texts, max_size=2))
tables = st.builds(pb.NodeTable, id=texts, rows=st.lists(rows, max_size=2))
controls = st.builds(pb.NodeControl, id=texts, rank=st.integers(-5, 5))
details = st.builds(
    pb.NodeDetails,
    id=texts,
    stack=st.booleans(),
    metrics=st.lists(metrics, max_size=2),
    tables=st.lists(tables, max_size=2),
    adjacency=st.lists(texts, max_size=2),
    controls=st.lists(controls, max_size=2),
)


@settings(deadline=None, phases=PHASES)
@given(details)
def test_printed_messages_are_what_json_format_says(message: pb.NodeDetails) -> None:
    assert orjson.loads(to_json(message)) == json_format.MessageToDict(
        message, always_print_fields_with_no_presence=True
    )


def test_every_kind_of_field_that_is_printed_is_known() -> None:
    for descriptor in pb.DESCRIPTOR.message_types_by_name.values():
        encoder(descriptor)
    with pytest.raises(TypeError, match=r"TopologyTemplates\.topology"):
        encoder(TopologyTemplates.DESCRIPTOR)


def test_details_have_what_summaries_have_under_the_same_numbers() -> None:
    for field in pb.NodeSummary.DESCRIPTOR.fields:
        same = pb.NodeDetails.DESCRIPTOR.fields_by_name[field.name]
        assert (same.number, same.type, same.is_repeated) == (field.number, field.type, field.is_repeated)


def declared(label: str, priority: float, *, sensitive: bool = False) -> bytes:
    row = RowTemplate(id="key", label=label, priority=priority, sensitive=sensitive)
    metric = MetricTemplate(id="cpu", label=label, priority=priority)
    kind = TopologyTemplates(topology=Topology.TOPOLOGY_HOST, rows=[row], metrics=[metric])
    return Templates(topologies=[kind]).SerializeToString()


def test_declarations_of_all_probes_are_joined() -> None:
    declarations = Declarations()
    assert declarations.put("a", declared("low", 1, sensitive=True))
    assert not declarations.put("b", declared("low", 1, sensitive=True))
    assert declarations.put("c", declared("high", 2))
    (row,) = declarations.of(Topology.TOPOLOGY_HOST).rows
    assert (row.label, row.sensitive) == ("high", True)
    assert declarations.put("c", b"")
    assert [metric.label for metric in declarations.of(Topology.TOPOLOGY_HOST).metrics] == ["low"]
    assert not declarations.put("a", b"")
    assert declarations.put("b", b"")
    assert declarations.of(Topology.TOPOLOGY_HOST).rows == []


def test_rows_show_texts_numbers_and_sets() -> None:
    facts = Facts(
        id="x",
        topology=Topology.TOPOLOGY_HOST,
        texts={"text": "words"},
        numbers={"whole": 3.0, "part": 0.5, "large": 1e20},
        sets={"set": frozenset(["b", "a"])},
    )
    found = {key: text(facts, key) for key in ("text", "whole", "part", "large", "set", "none")}
    assert found == {
        "text": "words",
        "whole": "3",
        "part": "0.5",
        "large": "100000000000000000000",
        "set": "a, b",
        "none": None,
    }


def measured(values: list[float], *, max_: float = 0.0, nodes: tuple[int, ...] = (1, 2)) -> Report:
    column = MetricColumn(metric=0, nodes=nodes, values=values, max=max_)
    return Report(time_unix_ms=1000, sample_offsets_ms=[-10, 0], metrics=[column])


def test_the_newest_value_is_the_last_that_is_one() -> None:
    kept = Samples(60)
    kept.add(measured([1, 2, 3, math.nan]), ["cpu"], 0)
    assert kept.newest(1, "cpu")
    kept.add(measured([math.nan, math.nan], nodes=(1,)), ["cpu"], 1)
    newest = [kept.newest(handle, "cpu") for handle in (1, 2)]
    assert [(found.value, found.max) for found in newest if found] == [(2.0, 2.0), (3.0, 3.0)]
    assert list(kept.series(1, "cpu")) == [(990, 1.0), (1000, 2.0)]
    assert kept.newest(3, "cpu") is None
    assert kept.newest(1, "memory") is None
    kept.add(measured([0.5, math.nan, 7, 8], max_=100), ["cpu"], 2)
    found = kept.newest(1, "cpu")
    assert found is not None
    assert (found.value, found.max) == (0.5, 100)


def test_of_what_nobody_asked_for_the_newest_report_is_kept() -> None:
    kept = Samples(60)
    kept.add(measured([1, 2, 3, 4]), ["cpu"], 0)
    kept.add(measured([5, 6, 7, 8]), ["cpu"], 1)
    assert kept.newest(1, "cpu")
    assert [value for _, value in kept.series(1, "cpu")] == [5, 6]
    kept.add(measured([7, 8, 9, 10]), ["cpu"], 2)
    assert [value for _, value in kept.series(1, "cpu")] == [5, 6, 7, 8]
    kept.clear()
    for now in (3, 4):
        kept.add(measured([1, 2, 3, 4]), ["cpu"], now)
    assert [value for _, value in kept.series(1, "cpu")] == [1, 2, 1, 2]


def test_samples_are_dropped_when_they_are_too_old() -> None:
    kept = Samples(60)
    kept.add(measured([5, 6, 7, 8]), ["cpu"], 0)
    assert kept.newest(1, "cpu")
    kept.add(measured([1, 2, 3, 4]), ["cpu"], 50)
    kept.trim(60)
    assert len(list(kept.series(1, "cpu"))) == 4
    kept.trim(61)
    assert [value for _, value in kept.series(1, "cpu")] == [1, 2]
    found = kept.newest(1, "cpu")
    assert found is not None
    assert found.max == 2


def test_every_topology_is_found_in_its_order() -> None:
    assert list(topologies()) == [
        *("processes", "processes-by-name"),
        *("containers", "containers-by-hostname", "containers-by-image"),
        *("pods", "kube-controllers", "services"),
        "hosts",
    ]
    host = topology_showing(Topology.TOPOLOGY_HOST)
    assert host is not None
    assert host.id == "hosts"
    assert topology_showing(Topology.TOPOLOGY_OVERLAY) is None
