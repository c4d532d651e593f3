import itertools
from collections import Counter

import pytest

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.builder import Builder, Connection
from tests.load.synthetic import FEWEST_HOSTS, Fleet

TIMES = (1_000, 2_000, 3_000)
ROUNDS = 25


def _pairs(builders: list[Builder]) -> Counter[tuple[object, object, bool]]:
    """Every row with its ends in the order client, server."""
    return Counter(
        (row.remote, row.local, True) if row.incoming else (row.local, row.remote, False)
        for builder in builders
        for row in builder.connections
    )


def _outgoing(builder: Builder) -> list[Connection]:
    return [row for row in builder.connections if not row.incoming]


def test_a_host_has_the_shape_that_figures_are_stated_for() -> None:
    builder = Fleet(10).report(3, 7, TIMES)
    builder.check()
    kinds = Counter(node.topology for node in builder.nodes.values())
    assert kinds == {
        Topology.TOPOLOGY_HOST: 1,
        Topology.TOPOLOGY_PROCESS: 100,
        Topology.TOPOLOGY_CONTAINER: 20,
        Topology.TOPOLOGY_CONTAINER_IMAGE: 10,
    }
    processes = [node for node in builder.nodes.values() if node.topology == Topology.TOPOLOGY_PROCESS]
    contained = Counter(parent for node in processes for parent in node.parents if parent.endswith(";<container>"))
    assert sum(contained.values()) == 60
    assert len(contained) == 20
    outgoing = _outgoing(builder)
    incoming = [row for row in builder.connections if row.incoming]
    assert len(outgoing) == len(incoming) == 50
    assert len({row.remote.address for row in outgoing}) == len({row.remote.address for row in incoming}) == 5
    assert all([time for time, _ in samples] == [*TIMES] for node in processes for samples in node.metrics.values())


@pytest.mark.parametrize("hosts", [FEWEST_HOSTS, 10, 25])
def test_both_ends_of_every_connection_are_reported_once(hosts: int) -> None:
    fleet = Fleet(hosts)
    rows = _pairs([fleet.report(host, 17, TIMES) for host in range(hosts)])
    assert set(rows.values()) == {1}
    assert {row[:2] for row in rows if row[2]} == {row[:2] for row in rows if not row[2]}
    assert len(rows) == hosts * 100


def test_a_few_processes_change_with_each_round_and_ten_connections_with_every_third() -> None:
    builders = [Fleet(10).report(0, round_, TIMES) for round_ in range(ROUNDS)]
    for round_, (before, after) in enumerate(itertools.pairwise(builders), start=1):
        assert len(after.nodes.keys() - before.nodes.keys()) == len(before.nodes.keys() - after.nodes.keys()) == 2
        changed = after.connections.keys() - before.connections.keys()
        assert len(changed) == (10 if round_ % 3 == 0 else 0)


def test_a_pid_is_never_used_twice() -> None:
    seen: dict[str, tuple[str, int]] = {}
    for round_ in range(ROUNDS * 4):
        for id_, node in Fleet(6).report(0, round_, TIMES).nodes.items():
            label, last = seen.get(id_, (node.label, round_ - 1))
            assert (node.label, round_ - 1) == (label, last)
            seen[id_] = (label, round_)


def test_fewer_hosts_than_peers_are_refused() -> None:
    with pytest.raises(ValueError, match="hosts: must be at least 6"):
        Fleet(FEWEST_HOSTS - 1)
