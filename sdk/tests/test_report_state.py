import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scope.report.v1.report_pb2 import Report
from scope.report.v1.topology_pb2 import Topology
from scope_sdk import Builder, NodeFacts, ids
from scope_sdk.report.check import check
from scope_sdk.report.encode import Encoder
from scope_sdk.report.merge import Facts, facts
from scope_sdk.report.state import ProbeState, apply, difference

from .strategies import builders, thorough

EPOCH = 1_700_000_000_000


def host(name: str, **attributes: str | float) -> Builder:
    return Builder().add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id(name), name, attributes=attributes))


def parsed(report: Report) -> Report:
    """As it arrives elsewhere, checked."""
    arrived = Report.FromString(report.SerializeToString())
    check(arrived)
    return arrived


def state_of(*reports: Report) -> ProbeState:
    state = ProbeState()
    for report in reports:
        assert state.offer(report)
    return state


def content(state: ProbeState) -> tuple[object, ...]:
    """All that readers can see but for the samples, free of handles and indexes."""
    connections = state.connections()
    rows = zip(
        connections.owners,
        connections.local_addresses,
        connections.local_ports,
        connections.remote_addresses,
        connections.remote_ports,
        connections.incoming,
        strict=True,
    )
    at = connections.addresses
    return (
        {state.id_of(handle): facts(state, handle) for handle in state.nodes()},
        sorted((state.id_of(o), at[la], lp, at[ra], rp, i) for o, la, lp, ra, rp, i in rows),
        state.templates().SerializeToString(),
        state.plugins().SerializeToString(),
    )


@thorough
@given(builders(), builders())
def test_applying_the_difference_gives_the_newer_report(before: Builder, after: Builder) -> None:
    encoder = Encoder(EPOCH)
    full = encoder.full(before)
    delta = encoder.delta(after, full)
    whole = Encoder(EPOCH).full(after)

    later = apply(full, delta)
    assert difference(full, later).SerializeToString() == delta.SerializeToString()
    assert apply(full, difference(full, later)).SerializeToString() == later.SerializeToString()
    for state in (state_of(parsed(full), parsed(delta)), state_of(parsed(later))):
        assert content(state) == content(state_of(whole))


@thorough
@given(builders(), builders(), builders(), st.data())
def test_order_and_repetition_of_reports_do_not_matter(
    first: Builder, second: Builder, third: Builder, data: st.DataObject
) -> None:
    older, newer = Encoder(EPOCH), Encoder(EPOCH + 1)
    early = older.full(third)
    full = newer.full(first)
    reports = [early, older.delta(second, early), full, newer.delta(second, full), newer.delta(third, full)]
    expected = state_of(full, reports[-1])

    order = data.draw(st.lists(st.sampled_from(range(5)), max_size=8)) + data.draw(st.permutations(range(5)))
    state = ProbeState()
    for index in order:
        state.offer(reports[index])
    full_came, delta_last_came = order.index(2), len(order) - 1 - order[::-1].index(4)
    if full_came < delta_last_came:
        assert content(state) == content(expected)
    else:
        assert state.full is not None
        assert (state.full.epoch, state.full.number) == (full.epoch, full.number)
        assert state.delta is None or state.delta.number < reports[-1].number


def test_a_delta_whose_base_is_not_here_is_refused() -> None:
    encoder = Encoder(EPOCH)
    first = encoder.full(host("one"))
    against_first = encoder.delta(host("one", load=1), first)
    second = encoder.full(host("one", load=2))

    assert not ProbeState().offer(against_first)
    state = state_of(first, second)
    assert not state.offer(against_first)
    assert state.delta is None
    assert not state.offer(first)
    assert state.full is not None
    assert state.full.number == second.number


def test_handles_last_and_are_never_given_to_another_node() -> None:
    encoder = Encoder(EPOCH)
    first = encoder.full(host("one").add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id("two"))))
    encoder.full(host("one"))
    third = encoder.full(host("one").add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id("three"))))
    assert [node.handle for node in first.nodes] == [1, 2]
    assert [node.handle for node in third.nodes] == [1, 3]
    assert [first.number, third.number] == [1, 3]


def test_a_delta_holds_only_what_differs() -> None:
    encoder = Encoder(EPOCH)
    builder = host("one", os="linux").add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id("two")))
    builder.connect(ids.host_id("one"), ("127.0.0.1", 1), ("127.0.0.1", 2))
    full = encoder.full(builder)
    same = encoder.delta(builder, full)
    assert not [*same.nodes, *same.removed, *same.strings]
    assert not any(same.HasField(field) for field in ("connections", "templates", "plugins"))

    changed = encoder.delta(host("one", os="plan 9", load1=0.5), full)
    assert [node.id for node in changed.nodes] == ["one"]
    assert list(changed.removed) == [2]
    assert list(changed.strings) == ["load1"]
    assert changed.HasField("connections")


def test_a_difference_is_made_within_an_epoch_only() -> None:
    encoder = Encoder(EPOCH)
    one, two = encoder.full(host("one")), Encoder(EPOCH + 1).full(host("one"))
    with pytest.raises(ValueError, match="same epoch"):
        difference(one, two)
    with pytest.raises(ValueError, match="names"):
        apply(two, encoder.delta(host("one"), one))


def spoilt(**changes: object) -> Report:
    """A delta against `host("one", os=...)` plus a process, that does not fit it."""
    delta = Report(epoch=EPOCH, number=9, base=1)
    node = delta.nodes.add(handle=1, topology=Topology.TOPOLOGY_HOST, id="one")
    for field, value in changes.items():
        if field == "removed":
            delta.removed.append(1)
            del delta.nodes[:]
        elif isinstance(value, list):
            getattr(node, field).extend(value)
        else:
            setattr(node, field, value)
    return delta


@pytest.mark.parametrize(
    "delta",
    [
        spoilt(id="two"),
        spoilt(handle=5),
        spoilt(text_keys=[7], texts=["x"]),
        spoilt(controls=[7]),
        spoilt(handle=5, id="77", topology=Topology.TOPOLOGY_PROCESS, host=2),
        spoilt(handle=5, id="77", topology=Topology.TOPOLOGY_PROCESS, host=99),
        spoilt(removed=[1]),
    ],
)
def test_a_delta_that_does_not_fit_its_base_is_refused(delta: Report) -> None:
    builder = host("one", os="linux").add(NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("one", 1)))
    state = state_of(Encoder(EPOCH).full(builder))
    check(delta)
    assert not state.offer(delta)
    assert len(state.nodes()) == 2


def test_a_node_may_come_back_under_another_handle() -> None:
    back = Report(epoch=EPOCH, number=2, base=1, removed=[2])
    back.nodes.add(handle=3, topology=Topology.TOPOLOGY_PROCESS, id="1", host=1)
    builder = host("one").add(NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("one", 1)))
    state = state_of(Encoder(EPOCH).full(builder), back)
    assert {handle: state.id_of(handle) for handle in state.nodes()} == {1: "one;<host>", 3: "one;1"}


def test_a_host_leaves_with_its_processes() -> None:
    encoder = Encoder(EPOCH)
    builder = host("one").add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id("two")))
    full = encoder.full(builder.add(NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("two", 1))))
    state = state_of(full, encoder.delta(host("one"), full))
    assert [state.id_of(handle) for handle in state.nodes()] == ["one;<host>"]


def test_what_leads_nowhere_is_passed_over() -> None:
    delta = spoilt(parents=[77])
    state = state_of(Encoder(EPOCH).full(host("one")), delta)
    assert facts(state, 1) == Facts(id="one;<host>", topology=Topology.TOPOLOGY_HOST)
    with pytest.raises(KeyError):
        state.id_of(77)


def test_an_empty_state() -> None:
    state = ProbeState()
    assert (dict(state.nodes()), state.strings(), list(itertools.chain(state.connections().owners))) == ({}, [], [])
    assert not state.templates().topologies
    assert not state.plugins().plugins
