import pytest

from scope_sdk.report.check import check
from scope_sdk.report.encode import Encoder
from scope_sdk.report.nodes import NodeFacts
from tests.load import crowd

_NODES = 300


def test_a_report_is_one_that_the_service_takes_and_has_so_many_processes() -> None:
    for round_ in (0, 1, 40):
        report = Encoder(1).full(crowd.report(_NODES, round_, 1_000))
        check(report)
        assert len(report.nodes) == _NODES + 1


@pytest.mark.parametrize("round_", [0, 1, 7, 15])
def test_a_round_changes_so_many(round_: int) -> None:
    before = {node.id: node for node in _facts(round_)}
    after = {node.id: node for node in _facts(round_ + 1)}
    came, went = after.keys() - before.keys(), before.keys() - after.keys()
    renamed = [each for each in before.keys() & after.keys() if before[each].label != after[each].label]
    assert len(came) == len(went)
    assert len(came) + len(went) + len(renamed) == crowd.CHANGES


def test_each_has_two_edges_to_others() -> None:
    edges = {(slot, target) for slot in range(_NODES) for target in crowd.targets(_NODES, slot)}
    assert all(slot != target for slot, target in edges)
    assert len(edges) > _NODES * crowd.EDGES_PER_NODE * 0.95


def _facts(round_: int) -> list[NodeFacts]:
    return [crowd.process(_NODES, slot, round_, 1_000) for slot in range(_NODES)]
