"""Children by parent, kept up to date, against a look at every node."""

from hypothesis import given
from hypothesis import strategies as st

from query.children import Children
from query.tests.machines import Machine, Reporter, World
from scope.report.v1.report_pb2 import Node
from scope_sdk.report.fit import Nodes

_HANDLES = st.integers(1, 5)
_STATES = st.lists(
    st.dictionaries(_HANDLES, st.tuples(st.sets(_HANDLES), st.integers(0, 5))).map(
        lambda nodes: [Node(handle=own, parents=parents, host=host) for own, (parents, host) in nodes.items()]
    ),
    max_size=6,
)


@given(_STATES)
def test_children_are_those_that_name_a_parent_or_a_host(states: list[list[Node]]) -> None:
    children, before = Children(), Nodes()
    for nodes in states:
        now = Nodes(nodes)
        children.update(before.keys() | now.keys(), before, now)
        before = now
        for parent in range(6):
            named = [node.handle for node in nodes if parent and parent in {*node.parents, node.host}]
            assert list(children.of(parent)) == sorted(named)


def test_children_of_a_host_come_and_go_with_every_report() -> None:
    world = World()
    machine = Machine("a", {1: "one", 2: "two"})
    reporter, other = Reporter("p", machine), Reporter("q", Machine("a", {3: "three"}))
    world.full(reporter, other)
    assert world.model.children("a;<host>") == {"a;1", "a;2", "a;3"}
    assert world.model.children("a;1") == set()
    machine.processes = {2: "two", 4: "four"}
    assert world.report("p", reporter.delta())
    assert world.model.children("a;<host>") == {"a;2", "a;3", "a;4"}
    reporter = Reporter("p", machine, epoch=2)
    machine.processes = {5: "five"}
    world.full(reporter)
    assert world.model.children("a;<host>") == {"a;3", "a;5"}
    world.settle(61)
    assert world.model.children("a;<host>") == set()
