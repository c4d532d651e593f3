"""Readers who open views at any time, let go of them, and are told what changes."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from query.tests.reading import Reader, nodes
from query.tests.reference.details import children, parents, peers, rows
from query.tests.reference.ends import Connection, connections
from query.tests.reference.names import label, name
from query.tests.reference.picture import Edge, Fading, Picture, picture
from query.tests.reference.said import Said
from query.tests.reference.topologies import PROCESS, TOPOLOGIES, is_group
from query.tests.simulation import LIFETIMES, Simulation, Wait
from query.topologies import topologies
from query.view import View
from scope.report.v1.topology_pb2 import Topology

_NAMESPACE = Topology.TOPOLOGY_NAMESPACE


@dataclass(frozen=True)
class Look:
    """Somebody opens a topology.

    Attributes:
        topology: its id.
        chosen: the options.
        sensitive: whether what is sensitive is shown.
        graph: whether only what drawing takes is shown.
    """

    topology: str
    chosen: Mapping[str, str]
    sensitive: bool = True
    graph: bool = False


@dataclass(frozen=True)
class LetGo:
    """Somebody closes a view, and what nobody looks at any more is let go of."""

    number: int


_values = {
    "system": st.sampled_from(["all", "system", "application"]),
    "stopped": st.sampled_from(["both", "stopped", "running"]),
    "pseudo": st.sampled_from(["show", "hide"]),
    "unconnected": st.sampled_from(["show", "hide"]),
    "namespace": st.sampled_from(["shop", "kube-system,other"]),
}
_how = st.sampled_from([(True, False), (True, False), (False, False), (False, True)])
looks = st.builds(
    lambda topology, chosen, how: Look(topology, chosen, *how),
    st.sampled_from(sorted(TOPOLOGIES)),
    st.fixed_dictionaries({}, optional=_values),
    _how,
)
acts: st.SearchStrategy[Look | LetGo] = st.one_of(looks, st.builds(LetGo, st.integers(0, 3)))


@dataclass(frozen=True)
class _Opened:
    look: Look
    view: View
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base(self) -> str:
        return TOPOLOGIES[self.look.topology].base


class Watching:
    """Somebody reads views, and the reference tells what they should see: at first, and at every moment from then on.

    Args:
        simulation: the probes.
        looks: what is read at first.
    """

    def __init__(self, simulation: Simulation, looks: Iterable[Look]) -> None:
        self._simulation = simulation
        self._opened: list[tuple[_Opened, Reader]] = []
        self._fading: dict[str, Fading] = {}
        for look in looks:
            self.do(look)
        self.check()

    def do(self, act: Look | LetGo) -> None:
        """Opens or closes a view."""
        world = self._simulation.world
        if isinstance(act, Look):
            view = world.view(act.topology, sensitive=act.sensitive, graph=act.graph, **act.chosen)
            opened = _Opened(act, view)
            view.wakes.add(opened.wake)
            self._opened.append((opened, Reader(view)))
            self._fading.setdefault(opened.base, Fading(opened.base, LIFETIMES.edges))
        elif self._opened:
            closed, _ = self._opened.pop(act.number % len(self._opened))
            closed.view.wakes.discard(closed.wake)
            world.let_go()
            left = {opened.base for opened, _ in self._opened}
            self._fading = {base: fading for base, fading in self._fading.items() if base in left}

    def check(self) -> None:
        """Compares everything; to be called whenever anything changed."""
        said = self._simulation.said()
        found = connections(said)
        now = self._simulation.world.now
        edges = {base: fading.shown(said, found, now) for base, fading in self._fading.items()}
        for opened, reader in self._opened:
            _compare(opened, said, found, edges[opened.base])
            reader.read()
            assert reader.nodes == nodes(opened.view)
        assert self._namespaces() == sorted({label(said.nodes[one]) for one in said.of_kind(_NAMESPACE)})

    def check_anew(self) -> None:
        """Waits until no edge fades, and compares all that is answered with what is made anew."""
        while any(fading.fades for fading in self._fading.values()):
            self._simulation.do(Wait(LIFETIMES.edges))
            self.check()
        for opened, _ in self._opened:
            look = opened.look
            anew = self._simulation.world.view_anew(
                look.topology, sensitive=look.sensitive, graph=look.graph, **look.chosen
            )
            assert nodes(opened.view) == nodes(anew)

    def check_replayed(self, order: Iterable[str]) -> None:
        """Compares what follows from the newest reports alone, as a log keeps them, which of these probes come first.

        It is the same as what was seen live, but that nobody is quiet; where probes contradict each other it may be
        another of them that is believed. No edge may fade.
        """
        replayed = self._simulation.replayed(order)
        other = Watching(replayed, [opened.look for opened, _ in self._opened])
        if replayed.said().nodes == self._simulation.said().nodes:
            for (live, _), (past, _) in zip(self._opened, other._opened, strict=True):
                assert _lasting(live.view) == _lasting(past.view)

    def _namespaces(self) -> list[str]:
        world = self._simulation.world
        offered = world.options.offered(topologies()["pods"], world.model)
        return [option.value for group in offered if group.id == "namespace" for option in group.options]


def _lasting(view: View) -> dict[str, Any]:
    """What is answered but for what time changes alone."""
    return {
        node: {key: value for key, value in shown.items() if key not in ("quiet", "metrics")}
        for node, shown in nodes(view).items()
    }


def _compare(opened: _Opened, said: Said, found: list[Connection], edges: Collection[Edge]) -> None:
    look, view = opened.look, opened.view
    expected = picture(said, look.topology, edges, look.chosen)
    stats = view.stats()
    assert (stats.node_count, stats.nonpseudo_node_count, stats.edge_count, stats.filtered_nodes) == expected.stats
    assert _seen(view) == _told(said, look, expected)
    for node in expected.members:
        assert _details_seen(view, node) == _details_told(said, look.topology, expected, node, found)


def _seen(view: View) -> dict[str, Any]:
    """What of each node, as it is answered, the reference knows."""
    keys = ("label", "labelMinor", "rank", "shape", "stack", "pseudo", "quiet", "adjacency")
    return {
        node: {
            **{key: shown[key] for key in keys},
            "parents": [(parent["id"], parent["label"], parent["topologyId"]) for parent in shown["parents"]],
            "rows": [(row["id"], row["value"]) for row in shown["metadata"] if row["id"] in ("pid", "cmdline")],
        }
        for node, shown in nodes(view).items()
    }


def _told(said: Said, look: Look, picture: Picture) -> dict[str, Any]:
    """The same as the reference has it."""
    found, of_groups = {}, is_group(look.topology)
    for node, members in picture.members.items():
        named = name(said, look.topology, node, members)
        written = bool(members) and not of_groups and not look.graph
        found[node] = {
            "label": named.label,
            "labelMinor": named.minor,
            "rank": named.rank,
            "shape": named.shape,
            "stack": named.stack,
            "pseudo": not members,
            "quiet": bool(members) and (members if of_groups else {node}) <= said.quiet,
            "adjacency": sorted(picture.adjacency[node]),
            "parents": parents(said, node) if written else [],
            "rows": rows(said, node, sensitive=look.sensitive) if written and said.kind(node) == PROCESS else [],
        }
    return found


def _details_seen(view: View, node: str) -> Any:
    """What belongs to a node, and its connections, as they are answered."""
    details = view.details(node)
    assert details is not None
    children = {group.label: [child.id for child in group.nodes] for group in details.children}
    rows = [{(row.id, row.metadata[-1].value) for row in group.connections} for group in details.connections]
    return children, *rows


def _details_told(said: Said, topology: str, picture: Picture, node: str, found: list[Connection]) -> Any:
    """The same as the reference has it."""
    directions = peers(said, topology, picture, node, found)
    rows = [{(f"{peer.node}-{peer.remote}-{peer.port}", str(of[peer])) for peer in of} for of in directions]
    return children(said, topology, picture, node), *rows
