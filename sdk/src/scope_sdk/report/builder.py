"""Collects what a probe sees, by names; `encode` turns it into a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from scope.report.v1.document_pb2 import Document
from scope.report.v1.report_pb2 import Plugin
from scope.report.v1.template_pb2 import TopologyTemplates
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import document as documents
from scope_sdk.report import ids, limits
from scope_sdk.report.addresses import Endpoint, scoped
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts, check_node, keys, text
from scope_sdk.report.templates import check_kind, check_templates, merge_templates


class Connection(NamedTuple):
    """A connection as one of its ends sees it, addresses in their one form."""

    owner: str
    local: Endpoint
    remote: Endpoint
    incoming: bool


@dataclass(slots=True)
class Names:
    """The names of one address."""

    forward: frozenset[str] = frozenset()
    reverse: frozenset[str] = frozenset()


@dataclass(slots=True)
class Builder:
    """Everything that one report says.

    What is added twice is joined: later attributes, metrics and tables replace earlier ones of the same key, parents,
    controls and addresses unite, counts of connections add up. Every method raises ReportError where its arguments
    cannot be part of any report, and then changes nothing. References between nodes may be made in any order; `check`
    looks at them.
    """

    nodes: dict[str, NodeFacts] = field(default_factory=dict)
    connections: Counter[Connection] = field(default_factory=Counter)
    templates: dict[Topology.ValueType, TopologyTemplates] = field(default_factory=dict)
    translations: set[tuple[Endpoint, Endpoint]] = field(default_factory=set)
    names: dict[str, Names] = field(default_factory=dict)
    plugins: dict[str, Plugin] = field(default_factory=dict)

    def add(self, node: NodeFacts) -> Self:
        """Adds a node, or more about one."""
        check_node(node)
        known = self.nodes.get(node.id)
        if known is None:
            _room(self.nodes, limits.NODES, "nodes")
            self.nodes[node.id] = _copy(node)
            return self
        if known.topology != node.topology:
            raise ReportError("topology", f"the node is already known as a {ids.topology_name(known.topology)}")
        joined = _join(known, node)
        check_node(joined)
        self.nodes[node.id] = joined
        return self

    def connect(
        self, owner: str, local: tuple[str, int], remote: tuple[str, int], *, incoming: bool = False, times: int = 1
    ) -> Self:
        """Adds a connection, or one end of it, held by the node `owner`: a process, or the host where that is unknown.

        Ends are (address, port); an address that means something in one place only is `SCOPE;ADDRESS`. Loopback
        addresses get the owner's host as their scope; the owner must be known by then unless it is a host or a process.
        """
        scope = self._host_name(owner)
        connection = Connection(
            owner, _endpoint(local, scope, "local"), _endpoint(remote, scope, "remote"), bool(incoming)
        )
        total = self.connections[connection] + times
        if not 0 < times <= total <= limits.COUNT:
            raise ReportError("count", f"must be from 1 to {limits.COUNT}")
        if connection not in self.connections:
            _room(self.connections, limits.CONNECTIONS, "connections")
        self.connections[connection] = total
        return self

    def template(self, templates: TopologyTemplates) -> Self:
        """Says how to show what nodes of one kind carry; declarations of the same id replace each other."""
        check_kind(templates)
        joined = merge_templates(self.templates.get(templates.topology, TopologyTemplates()), templates)
        check_templates([*(self.templates | {templates.topology: joined}).values()], "templates")
        self.templates[templates.topology] = joined
        return self

    def translate(self, original: tuple[str, int], translated: tuple[str, int]) -> Self:
        """Says that what is addressed to `original` is delivered to `translated` instead (NAT)."""
        pair = (_endpoint(original, "", "original"), _endpoint(translated, "", "translated"))
        if pair not in self.translations:
            _room(self.translations, limits.CONNECTIONS, "translations")
        self.translations.add(pair)
        return self

    def name(self, address: str, forward: Iterable[str] = (), reverse: Iterable[str] = ()) -> Self:
        """Names an address: what resolved to it, and what it resolves to."""
        key = scoped(address, "", "address")
        known = self.names.get(key, Names())
        joined = Names(known.forward.union(forward), known.reverse.union(reverse))
        for place, held in (("forward", joined.forward), ("reverse", joined.reverse)):
            keys(held, limits.NAMES, place)
        if key not in self.names:
            _room(self.names, limits.ADDRESSES, "names")
        self.names[key] = joined
        return self

    def plugin(self, plugin: Plugin) -> Self:
        """Adds a plugin, or replaces it."""
        keys([plugin.id], 1, "id")
        keys(plugin.interfaces, limits.NAMES, "interfaces")
        for place in ("label", "description", "api_version", "status"):
            text(getattr(plugin, place), limits.LABEL_LENGTH, place)
        if plugin.id not in self.plugins:
            _room(self.plugins, limits.PLUGINS, "plugins")
        self.plugins[plugin.id] = plugin
        return self

    def check(self) -> None:
        """Raises ReportError where a node's host or parent, or a connection's owner, is not in the report."""
        for index, node in enumerate(self.nodes.values()):
            host = self.host_of(node)
            if host and host not in self.nodes:
                raise ReportError(f"nodes[{index}].id", f"its host {host!r:.80} must be in the report")
            for position, parent in enumerate(node.parents):
                if parent not in self.nodes:
                    raise ReportError(f"nodes[{index}].parents[{position}]", f"{parent!r:.80} must be in the report")
        for index, connection in enumerate(self.connections):
            if connection.owner not in self.nodes:
                raise ReportError(f"connections[{index}].owner", f"{connection.owner!r:.80} must be in the report")

    def load(self, document: Document) -> Self:
        """Adds what a document says, and checks the whole. ReportError names the place in the document."""
        documents.load(document, self)
        return self

    def document(self) -> Document:
        """The document that says the same."""
        return documents.write(self)

    @staticmethod
    def host_of(node: NodeFacts) -> str:
        """Id of the host that a process belongs to, by its own id; empty for anything else."""
        if node.topology != ids.PROCESS:
            return ""
        return ids.host_id(ids.parts(node.topology, node.id)[0])

    def addresses(self) -> Iterator[str]:
        """Every address that is said something about; repeats."""
        for connection in self.connections:
            yield connection.local.address
            yield connection.remote.address
        for original, translated in self.translations:
            yield original.address
            yield translated.address
        yield from self.names

    def _host_name(self, owner: str) -> str:
        """The name of the host that a connection's owner is on, empty where it is not known."""
        node = self.nodes.get(owner)
        if node is None or node.topology in (ids.HOST, ids.PROCESS):
            return owner.partition(";")[0]
        suffix = ids.ending(ids.HOST)
        hosts = [parent.removesuffix(suffix) for parent in node.parents if parent.endswith(suffix)]
        return hosts[0] if len(hosts) == 1 else ""


def _endpoint(end: tuple[str, int], scope: str, place: str) -> Endpoint:
    address, port = end
    if not 0 <= port <= limits.PORT:
        raise ReportError(place, f"the port must be from 0 to {limits.PORT}")
    return Endpoint(scoped(address, scope, place), port)


def _room(held: Collection[object], most: int, place: str) -> None:
    if len(held) >= most:
        raise ReportError(place, f"a report has at most {most}")


def _copy(node: NodeFacts) -> NodeFacts:
    """A node of our own, for callers may go on to change theirs."""
    return _join(NodeFacts(node.topology, node.id), node)


def _join(known: NodeFacts, more: NodeFacts) -> NodeFacts:
    return NodeFacts(
        topology=known.topology,
        id=known.id,
        label=more.label or known.label,
        parents=_united(known.parents, more.parents),
        attributes={**known.attributes, **more.attributes},
        metrics={**known.metrics, **more.metrics},
        maxima={**known.maxima, **more.maxima},
        tables={**known.tables, **more.tables},
        controls=_united(known.controls, more.controls),
        addresses=_united(known.addresses, [scoped(address, "", "addresses") for address in more.addresses]),
    )


def _united(known: Collection[str], more: Collection[str]) -> Collection[str]:
    return tuple(dict.fromkeys((*known, *more)))
