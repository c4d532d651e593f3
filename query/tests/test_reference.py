"""What the views show is what a reference makes from scratch, after any sequence of what may happen to probes.

Every run tries the same sequences; `SEQUENCES=50` in the environment tries fifty times as many, others every time.
"""

import os
from collections.abc import Mapping
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from query.tests.reading import Reader, nodes
from query.tests.reference.details import children, parents, peers
from query.tests.reference.ends import Connection, connections
from query.tests.reference.names import name
from query.tests.reference.picture import Fading, Picture, picture
from query.tests.reference.said import Said
from query.tests.reference.topologies import TOPOLOGIES, is_group
from query.tests.simulation import LIFETIMES, Simulation, Step, Wait, steps
from query.view import View

_TIMES = int(os.environ.get("SEQUENCES", "1"))
#: A sequence that fails is made shorter only by hand: it takes minutes.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if _TIMES > 1 else []))


def sequences(of: int) -> settings:
    """So many of them."""
    return settings(max_examples=of * _TIMES, derandomize=_TIMES == 1, deadline=None, phases=_PHASES)


@sequences(1000)
@given(st.lists(steps, min_size=1, max_size=10))
def test_edges_between_owners(sequence: list[Step]) -> None:
    simulation = Simulation("r")
    for step in sequence:
        simulation.do(step)
        expected = connections(simulation.said())
        join = simulation.world.model.connections
        assert set(join.edges()) == {(one.client, one.server) for one in expected}
        owners = {owner for one in expected for owner in (one.client, one.server)}
        found = {(one.key, one.edge, one.times) for one in join.connections(owners, simulation.world.model.probes)}
        assert found == {((*one.ends[0], *one.ends[1]), (one.client, one.server), one.times) for one in expected}


#: A topology and what is chosen of it.
Look = tuple[str, Mapping[str, str]]

_values = {
    "system": st.sampled_from(["all", "system", "application"]),
    "stopped": st.sampled_from(["both", "stopped", "running"]),
    "pseudo": st.sampled_from(["show", "hide"]),
    "unconnected": st.sampled_from(["show", "hide"]),
    "namespace": st.sampled_from(["shop", "kube-system,other"]),
}
_chosen = st.fixed_dictionaries({}, optional=_values)
_looks = st.lists(st.tuples(st.sampled_from(sorted(TOPOLOGIES)), _chosen), min_size=2, max_size=4)


class Watching:
    """Somebody reads views, and the reference tells what they should see.

    Args:
        simulation: the probes.
        looks: what is read.
    """

    def __init__(self, simulation: Simulation, looks: list[Look]) -> None:
        self._simulation = simulation
        self._views = [(topology, chosen, self._view(topology, chosen)) for topology, chosen in looks]
        self._readers = [Reader(view) for _, _, view in self._views]
        bases = {TOPOLOGIES[topology].base for topology, _ in looks}
        self._fading = {base: Fading(base, LIFETIMES.edges) for base in bases}

    def _view(self, topology: str, chosen: Mapping[str, str]) -> View:
        return self._simulation.world.view(topology, **chosen)

    def check(self) -> None:
        """Compares everything."""
        said = self._simulation.said()
        found = connections(said)
        edges = {base: fading.shown(said, found, self._simulation.world.now) for base, fading in self._fading.items()}
        for (topology, chosen, view), reader in zip(self._views, self._readers, strict=True):
            expected = picture(said, topology, edges[TOPOLOGIES[topology].base], chosen)
            stats = view.stats()
            assert (stats.node_count, stats.nonpseudo_node_count, stats.edge_count, stats.filtered_nodes) == (
                expected.stats
            )
            assert seen(view) == told(said, topology, expected)
            for node in expected.members:
                assert details_seen(view, node) == details_told(said, topology, expected, node, found)
            reader.read()
            assert reader.nodes == nodes(view)

    def check_anew(self) -> None:
        """Waits until no edge fades, and compares all that is answered with what is made anew."""
        while any(fading.fades for fading in self._fading.values()):
            self._simulation.do(Wait(LIFETIMES.edges))
            self.check()
        for topology, chosen, view in self._views:
            assert nodes(view) == nodes(self._simulation.world.view_anew(topology, **chosen))


def seen(view: View) -> dict[str, Any]:
    """What of each node, as it is answered, the reference knows."""
    keys = ("label", "labelMinor", "rank", "shape", "stack", "pseudo", "quiet", "adjacency")
    return {
        node: {
            **{key: shown[key] for key in keys},
            "parents": [(parent["id"], parent["label"], parent["topologyId"]) for parent in shown["parents"]],
        }
        for node, shown in nodes(view).items()
    }


def told(said: Said, topology: str, picture: Picture) -> dict[str, Any]:
    """The same as the reference has it."""
    found = {}
    for node, members in picture.members.items():
        named = name(said, topology, node, members)
        found[node] = {
            "label": named.label,
            "labelMinor": named.minor,
            "rank": named.rank,
            "shape": named.shape,
            "stack": named.stack,
            "pseudo": not members,
            "quiet": bool(members) and (members if is_group(topology) else {node}) <= said.quiet,
            "adjacency": sorted(picture.adjacency[node]),
            "parents": parents(said, node) if members and not is_group(topology) else [],
        }
    return found


def details_seen(view: View, node: str) -> Any:
    """What belongs to a node, and its connections, as they are answered."""
    details = view.details(node)
    assert details is not None
    children = {group.label: [child.id for child in group.nodes] for group in details.children}
    rows = [{(row.id, row.metadata[-1].value) for row in group.connections} for group in details.connections]
    return children, *rows


def details_told(said: Said, topology: str, picture: Picture, node: str, found: list[Connection]) -> Any:
    """The same as the reference has it."""
    directions = peers(said, topology, picture, node, found)
    rows = [{(f"{peer.node}-{peer.remote}-{peer.port}", str(of[peer])) for peer in of} for of in directions]
    return children(said, topology, picture, node), *rows


@sequences(500)
@given(st.lists(steps, min_size=1, max_size=10), _looks)
def test_views(sequence: list[Step], looks: list[Look]) -> None:
    simulation = Simulation("r")
    watching = Watching(simulation, looks)
    for step in sequence:
        watching.check()
        simulation.do(step)
    watching.check()
    watching.check_anew()
