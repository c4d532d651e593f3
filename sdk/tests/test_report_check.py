import math
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from scope.report.v1.report_pb2 import Node, Report
from scope.report.v1.template_pb2 import ControlTemplate
from scope_sdk import Builder, NodeFacts, ReportError, Topology, ids
from scope_sdk.report import check_nodes, limits
from scope_sdk.report.check import Known, check
from scope_sdk.report.encode import Encoder
from scope_sdk.report.merge import facts
from scope_sdk.report.state import ProbeState

from .strategies import builders, thorough

EPOCH = 1_700_000_000_000


def report() -> Report:
    host = ids.host_id("one")
    rows = {"a": ("b", "c")}
    node = NodeFacts(
        Topology.TOPOLOGY_HOST,
        host,
        attributes={"os": "linux", "load": 1.0, "nets": ["a"]},
        metrics={"cpu": [(EPOCH, 1.0), (EPOCH + 1, 2.0)]},
        tables={"env": rows},
        controls=["exec"],
    )
    builder = Builder().add(node).add(NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("one", 1), parents=[host]))
    builder.connect(host, ("10.0.0.1", 1), ("10.0.0.2", 2)).translate(("10.0.0.1", 1), ("10.0.0.2", 2)).name("10.0.0.1")
    return Encoder(EPOCH).full(builder)


LONG = "x" * (limits.TEXT_LENGTH + 1)


def control(made: Report, **fields: Any) -> ControlTemplate:
    return made.templates.topologies.add(topology=1).controls.add(id="x", **fields)


def argument(made: Report, **fields: Any) -> None:
    control(made).arguments.add(**fields)


SPOILT: dict[str, Callable[[Report], object]] = {
    "epoch: must be from": lambda r: r.ClearField("epoch"),
    "number: must be from": lambda r: setattr(r, "number", limits.SAFE_INTEGER),
    "base: must be": lambda r: setattr(r, "base", r.number),
    "removed: must be empty": lambda r: r.removed.append(1),
    "time_unix_ms": lambda r: setattr(r, "time_unix_ms", -1),
    "sample_offsets_ms: must rise": lambda r: r.sample_offsets_ms.reverse(),
    "sample_offsets_ms: must have at most": lambda r: r.sample_offsets_ms.extend(range(1000)),
    "strings: must have at most 256 characters": lambda r: r.strings.append("x" * 257),
    "strings: must have at most 20000 elements": lambda r: r.strings.extend(["x"] * limits.STRINGS),
    "nodes: each must have a handle": lambda r: setattr(r.nodes[1], "handle", 1),
    "nodes: each must have an id": lambda r: r.nodes.add(handle=3, topology=r.nodes[0].topology, id=r.nodes[0].id),
    r"nodes\[1\].topology": lambda r: setattr(r.nodes[1], "topology", 99),
    r"nodes\[1\].id: must be printable": lambda r: setattr(r.nodes[1], "id", "a;b"),
    r"nodes\[0\].id: must be printable": lambda r: setattr(r.nodes[0], "id", "a\n"),
    r"nodes\[0\].id: must be printable, .* and not 'pseudo:": lambda r: setattr(r.nodes[0], "id", "pseudo:x"),
    r"nodes\[1\].host: is what": lambda r: setattr(r.nodes[1], "host", 0),
    r"nodes\[1\].host: must be a host": lambda r: setattr(r.nodes[1], "host", 2),
    r"nodes\[1\].label": lambda r: setattr(r.nodes[1], "label", LONG),
    r"nodes\[1\].parents: must be nodes": lambda r: r.nodes[1].parents.append(9),
    r"nodes\[1\].parents: must have at most": lambda r: r.nodes[1].parents.extend([1] * 300),
    r"nodes\[1\].text_keys": lambda r: r.nodes[1].text_keys.append(0),
    r"nodes\[0\].text_keys": lambda r: r.nodes[0].text_keys.__setitem__(0, 99),
    r"nodes\[0\].texts": lambda r: r.nodes[0].texts.__setitem__(0, LONG),
    r"nodes\[0\].number_keys": lambda r: r.nodes[0].numbers.append(1),
    r"nodes\[0\].numbers": lambda r: r.nodes[0].numbers.__setitem__(0, math.nan),
    r"nodes\[0\].set_keys": lambda r: r.nodes[0].sets.add(),
    r"nodes\[0\].sets": lambda r: r.nodes[0].sets[0].values.append(LONG),
    r"nodes\[0\].tables: must name": lambda r: setattr(r.nodes[0].tables[0], "template", 99),
    r"nodes\[0\].tables: row ids": lambda r: setattr(r.nodes[0].tables[0].rows[0], "id", LONG),
    r"nodes\[0\].tables: cells": lambda r: r.nodes[0].tables[0].rows[0].cells.append(LONG),
    r"nodes\[0\].tables: must have at most": lambda r: r.nodes[0].tables.extend([r.nodes[0].tables[0]] * 100),
    r"nodes\[0\].controls": lambda r: r.nodes[0].controls.append(99),
    "metrics: each must be": lambda r: setattr(r.metrics[0], "metric", 99),
    r"metrics\[0\].values: must have one": lambda r: r.metrics[0].values.append(1),
    r"metrics\[0\].values: must not be infinite": lambda r: r.metrics[0].values.__setitem__(1, -math.inf),
    r"metrics\[0\].maxima": lambda r: r.metrics[0].maxima.extend([1, 2]),
    r"metrics\[0\].nodes": lambda r: r.metrics[0].nodes.__setitem__(0, 9),
    "connections.owners": lambda r: r.connections.owners.__setitem__(0, 9),
    "connections: every column": lambda r: r.connections.incoming.append(True),
    "connections.local_addresses": lambda r: r.connections.local_addresses.__setitem__(0, 9),
    "connections.remote_addresses": lambda r: r.connections.remote_addresses.append(0),
    "connections.remote_ports": lambda r: r.connections.remote_ports.__setitem__(0, 65_536),
    "connections.addresses": lambda r: r.connections.addresses.__setitem__(0, LONG),
    "connections.translations.original_addresses": lambda r: r.connections.translations.original_addresses.append(9),
    "connections.translations.translated_ports": lambda r: r.connections.translations.translated_ports.append(9),
    r"connections.names\[0\].address": lambda r: setattr(r.connections.names[0], "address", 9),
    r"connections.names\[0\].forward": lambda r: r.connections.names[0].forward.append(LONG),
    r"templates.topologies\[0\].topology": lambda r: r.templates.topologies.add(),
    r"templates.topologies\[0\].rows: each": lambda r: r.templates.topologies.add(topology=1).rows.add(),
    r"templates.topologies\[0\].rows: a text": lambda r: r.templates.topologies.add(topology=1).rows.add(
        id="x", truncate=65_537
    ),
    r"templates.topologies\[0\].rows: a priority": lambda r: r.templates.topologies.add(topology=1).rows.add(
        id="x", priority=math.nan
    ),
    r"templates.topologies\[0\].tables\[0\].columns": lambda r: (
        r.templates.topologies.add(topology=1).tables.add(id="x").columns.add()
    ),
    r"templates.topologies\[0\].controls\[0\].permission": lambda r: control(r, permission="x" * 1025),
    r"templates.topologies\[0\].controls\[0\].arguments: each": argument,
    r"templates.topologies\[0\].controls\[0\].arguments: a name": lambda r: argument(r, name="x" * 257),
    r"templates.topologies\[0\].controls\[0\].arguments\[0\].label": lambda r: argument(r, name="x", label=LONG),
    r"templates.topologies\[0\].controls\[0\].arguments\[0\].choices": lambda r: argument(r, name="x", choices=[LONG]),
    r"templates.topologies\[0\].controls\[0\].arguments\[0\].default_value: a text": lambda r: argument(
        r, name="x", default_value=LONG
    ),
    r"templates.topologies\[0\].controls\[0\].arguments\[0\].default_value: must": lambda r: argument(
        r, name="x", choices=["a"], default_value="b"
    ),
    r"plugins\[0\]": lambda r: r.plugins.plugins.add(label=LONG),
}


@pytest.mark.parametrize("place", SPOILT)
def test_what_does_not_fit_is_refused_by_its_place(place: str) -> None:
    spoilt = report()
    check(spoilt)
    SPOILT[place](spoilt)
    with pytest.raises(ReportError, match=f"^{place}"):
        check(spoilt)


def test_more_nodes_than_may_be_are_refused_without_a_look_at_them() -> None:
    empty_node = bytes([Report.NODES_FIELD_NUMBER << 3 | 2, 0])
    crowded = Report.FromString(report().SerializeToString() + empty_node * limits.NODES)
    tracemalloc.start()
    with pytest.raises(ReportError, match=r"^nodes: must have at most"):
        check(crowded)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < limits.NODES


def test_values_that_only_look_like_an_infinity_pass() -> None:
    made = report()
    made.metrics[0].values[:] = struct.unpack("<2f", bytes.fromhex("01000000807f0000"))
    assert bytes.fromhex("0000807f") in made.SerializeToString()
    check(made)


@thorough
@given(builders())
def test_what_an_encoder_makes_passes(builder: Builder) -> None:
    check(Encoder(EPOCH).full(builder))


@thorough
@given(builders(), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), max_size=4))
def test_whatever_passes_can_be_read(builder: Builder, changes: list[tuple[float, bytes]]) -> None:
    encoder = Encoder(EPOCH)
    full = encoder.full(builder)
    for original in (full, encoder.delta(builder, full)):
        body = bytearray(original.SerializeToString())
        for position, replacement in changes:
            start = int(position * len(body))
            body[start : start + len(replacement)] = replacement
        try:
            changed = Report.FromString(bytes(body))
            check(changed)
        except (DecodeError, ReportError):
            assert changes
            continue
        state = ProbeState()
        state.offer(full)
        state.offer(changed)
        for handle in state.nodes():
            assert facts(state, handle).id == state.id_of(handle)
        for row in (*state.connections().local_addresses, *state.connections().remote_addresses):
            assert state.connections().addresses[row] is not None


@pytest.mark.parametrize("place", SPOILT)
def test_a_memory_of_nodes_lets_nothing_pass_that_does_not_fit(place: str) -> None:
    known, spoilt = Known(), report()
    check(report(), known)
    SPOILT[place](spoilt)
    for _ in range(2):
        with pytest.raises(ReportError, match=place):
            check(spoilt, known)
    check(report(), known)


def test_a_node_that_was_good_in_a_delta_is_looked_at_where_the_string_table_is_shorter() -> None:
    known, delta, full = Known(), report(), report()
    delta.number, delta.base = 2, 1
    for spoilt in (delta, full):
        spoilt.nodes[0].text_keys[0] = len(full.strings)
    check(delta, known)
    with pytest.raises(ReportError, match=r"nodes\[0\].text_keys"):
        check(full, known)


def test_templates_that_change_are_looked_at_again() -> None:
    known, seen = Known(), report()
    seen.templates.topologies.add(topology=1)
    check(seen, known)
    seen.templates.topologies.add(topology=99)
    for _ in range(2):
        with pytest.raises(ReportError, match=r"templates.topologies\[1\]"):
            check(seen, known)


@pytest.mark.parametrize("field", ["values", "maxima"])
def test_of_many_columns_the_one_that_does_not_fit_is_named(field: str) -> None:
    seen = report()
    for metric in range(1, 3):
        seen.metrics.add().CopyFrom(seen.metrics[0])
        seen.metrics[metric].metric = metric if metric != seen.metrics[0].metric else 0
    check(seen)
    seen.metrics[1].maxima[:] = [1]
    getattr(seen.metrics[1], field)[0] = math.inf
    with pytest.raises(ReportError, match=rf"metrics\[1\].{field}: must"):
        check(seen)


def test_a_memory_of_nodes_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_nodes, "_KNOWN", 3)
    known, seen = Known(), report()
    for label in "abcdef":
        seen.nodes[0].label = label
        check(seen, known)
        assert 0 < len(known._long_enough) <= 3
    seen.nodes.extend(Node(handle=handle, topology=1, id=str(handle)) for handle in range(10, 20))
    check(seen, known)
    assert len(known._long_enough) <= 3
    for node in seen.nodes:
        node.label = "x" * 500
    check(seen, known)
    assert max(map(len, known._long_enough), default=0) < 500
