"""As much as a limit says may be in a report, and not one more."""

from collections.abc import Callable

import pytest

from scope.report.v1.report_pb2 import Report
from scope.report.v1.topology_pb2 import Topology
from scope_sdk import Builder, NodeFacts, ReportError, ids
from scope_sdk.report import limits
from scope_sdk.report.check import check


def report() -> Report:
    """A report with a node, a table, a connection and an address with a name."""
    made = Report(epoch=1, number=2, strings=["a"], sample_offsets_ms=[0])
    node = made.nodes.add(handle=1, topology=Topology.TOPOLOGY_HOST, id="one")
    node.tables.add().rows.add(id="row")
    rows = made.connections
    rows.addresses.append("10.0.0.1")
    rows.names.add()
    return made


def connect(made: Report, count: int, port: int = 1) -> None:
    rows = made.connections
    rows.owners.extend([1] * count)
    rows.incoming.extend([False] * count)
    for addresses in (rows.local_addresses, rows.remote_addresses):
        addresses.extend([0] * count)
    for ports in (rows.local_ports, rows.remote_ports):
        ports.extend([port] * count)


def delta(made: Report, removed: int) -> None:
    made.base = 1
    made.removed.extend([1] * removed)


def attributes(made: Report, count: int) -> None:
    made.nodes[0].text_keys.extend([0] * count)
    made.nodes[0].texts.extend([""] * count)


def text(made: Report, length: int) -> None:
    attributes(made, 1)
    made.nodes[0].texts[0] = "x" * length


def values_of_a_set(made: Report, count: int) -> None:
    made.nodes[0].set_keys.append(0)
    made.nodes[0].sets.add(values=["x"] * count)


def metrics(made: Report, count: int) -> None:
    made.strings.extend(["x"] * count)
    for metric in range(count):
        made.metrics.add(metric=metric)


def values(made: Report, count: int) -> None:
    made.metrics.add(metric=0, nodes=[1] * count, values=[0.0] * count)


def declare(made: Report, count: int) -> None:
    kind = made.templates.topologies.add(topology=Topology.TOPOLOGY_HOST)
    for number in range(count):
        kind.rows.add(id=str(number))


def arguments(made: Report, count: int) -> None:
    control = made.templates.topologies.add(topology=Topology.TOPOLOGY_HOST).controls.add(id="x")
    for number in range(count):
        control.arguments.add(name=str(number))


def choices(made: Report, count: int) -> None:
    arguments(made, 1)
    made.templates.topologies[0].controls[0].arguments[0].choices.extend(["x"] * count)


#: By the name of a limit, what puts so many into a report.
FILL: dict[str, Callable[[Report, int], object]] = {
    "NODES": delta,
    "CONNECTIONS": connect,
    "ADDRESSES": lambda made, count: made.connections.addresses.extend(["x"] * (count - 1)),
    "NAMES": lambda made, count: made.connections.names[0].forward.extend(["x"] * count),
    "STRINGS": lambda made, count: made.strings.extend(["x"] * (count - 1)),
    "KEY_LENGTH": lambda made, length: made.strings.append("x" * length),
    "ID_LENGTH": lambda made, length: setattr(made.nodes[0], "id", "x" * length),
    "LABEL_LENGTH": lambda made, length: setattr(made.nodes[0], "label", "x" * length),
    "TEXT_LENGTH": text,
    "ADDRESS_LENGTH": lambda made, length: made.connections.addresses.append("x" * length),
    "PARENTS": lambda made, count: made.nodes[0].parents.extend([1] * count),
    "NODE_ADDRESSES": lambda made, count: made.nodes[0].addresses.extend(["x"] * count),
    "CONTROLS": lambda made, count: made.nodes[0].controls.extend([0] * count),
    "ATTRIBUTES": attributes,
    "SET_VALUES": values_of_a_set,
    "TABLES": lambda made, count: made.nodes[0].tables.extend([made.nodes[0].tables[0]] * (count - 1)),
    "ROWS": lambda made, count: made.nodes[0].tables[0].rows.extend([made.nodes[0].tables[0].rows[0]] * (count - 1)),
    "COLUMNS": lambda made, count: made.nodes[0].tables[0].rows[0].cells.extend(["x"] * count),
    "METRICS": metrics,
    "SAMPLE_TIMES": lambda made, count: made.sample_offsets_ms.extend(range(1, count)),
    "SAMPLE_SPAN_MS": lambda made, span: made.sample_offsets_ms.append(span),
    "METRIC_VALUES": values,
    "TEMPLATES": declare,
    "ARGUMENTS": arguments,
    "CHOICES": choices,
    "PLUGINS": lambda made, count: [made.plugins.plugins.add(id=str(number)) for number in range(count)],
    "PORT": lambda made, port: connect(made, 1, port),
    "SAFE_INTEGER": lambda made, number: setattr(made, "epoch", number - 1),
}

#: What no report can exceed, or whoever takes it looks at: the bytes of a message (collection's tests), and a count of
#: connections, which the builder looks at because a report has no room for more.
ELSEWHERE = {"MESSAGE_BYTES", "REPORT_BYTES", "COUNT"}


@pytest.mark.parametrize("name", FILL)
def test_as_much_as_the_limit_passes_and_one_more_is_refused(name: str) -> None:
    limit = getattr(limits, name)
    full, crowded = report(), report()
    FILL[name](full, limit)
    check(full)
    FILL[name](crowded, limit + 1)
    with pytest.raises(ReportError):
        check(crowded)


def test_every_limit_is_tried() -> None:
    assert {name for name in vars(limits) if name.isupper()} == FILL.keys() | ELSEWHERE


def test_a_row_stands_for_as_many_connections_as_fit() -> None:
    host = ids.host_id("one")
    builder = Builder().add(NodeFacts(Topology.TOPOLOGY_HOST, host, "one"))
    builder.connect(host, ("10.0.0.1", 1), ("10.0.0.2", 2), times=limits.COUNT)
    with pytest.raises(ReportError, match="count"):
        builder.connect(host, ("10.0.0.1", 1), ("10.0.0.2", 2))
