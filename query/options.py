"""What readers of a topology may choose, and which nodes a choice leaves out."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesh.errors import invalid_fields
from query.graph import Graph
from query.model import Model
from query.predicates import has_label, is_application, is_running, namespace
from query.topologies.definition import Definition
from scope.query.v1 import messages_pb2 as pb

#: Says whether a node passes.
Keep = Callable[[Graph, str], bool]

#: The id of the group whose values are namespaces.
_NAMESPACE = "namespace"


@dataclass(frozen=True)
class Filter:
    """What a choice lets pass.

    Attributes:
        keeps: what a base node must be.
        by_edges: whether that depends on its edges.
        rests: whether what is left of hosts is shown: what is in no container, or managed by nothing.
    """

    keeps: tuple[Keep, ...] = ()
    by_edges: bool = False
    rests: bool = True


@dataclass(frozen=True)
class Choice:
    """What somebody reads of a topology. Two that show the same are equal: `Options.choice` sees to it.

    Attributes:
        options: the value of each group of options that the topology has, by the group's id, in its order.
        sensitive: whether what is marked as sensitive is shown.
        graph: whether only what drawing takes is shown.
    """

    options: tuple[tuple[str, str], ...] = ()
    sensitive: bool = False
    graph: bool = False


@dataclass(frozen=True)
class _Value:
    value: str
    label: str
    keep: Keep | None = None


@dataclass(frozen=True)
class _Group:
    """Values of which one is chosen."""

    id: str
    default: str
    values: tuple[_Value, ...]
    by_edges: bool = False


@dataclass(frozen=True)
class LabelFilter:
    """Containers, or images, that have a label.

    Attributes:
        title: what to call it.
        key: the label's key.
        value: its value.
    """

    title: str
    key: str
    value: str


_LABEL_FILTER = re.compile(r"(?P<title>(?:\\.|[^:\\])+):(?P<key>[^=]+)=(?P<value>.*)")


def label_filters(text: str) -> list[LabelFilter]:
    r"""Of `TITLE:KEY=VALUE,...`, where a `:` of a title is written `\:`. Raises ValueError where one is none."""
    found = [(one, _LABEL_FILTER.fullmatch(one.strip())) for one in text.split(",") if one.strip()]
    wrong = [one for one, match in found if match is None]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: must be TITLE:KEY=VALUE")
    return [
        LabelFilter(re.sub(r"\\(.)", r"\1", match["title"]), match["key"], match["value"])
        for _, match in found
        if match
    ]


def _rests(what: str) -> _Group:
    return _Group("pseudo", "hide", (_Value("show", f"Show {what}"), _Value("hide", f"Hide {what}")))


def _not(keep: Keep) -> Keep:
    return lambda graph, node: not keep(graph, node)


_GROUPS = {
    "stopped": _Group(
        "stopped",
        "running",
        (
            _Value("stopped", "Stopped containers", _not(is_running)),
            _Value("running", "Running containers", is_running),
            _Value("both", "Both"),
        ),
    ),
    "uncontained": _rests("uncontained"),
    "unmanaged": _rests("unmanaged"),
    "unconnected": _Group(
        "unconnected",
        "hide",
        (_Value("show", "Show unconnected"), _Value("hide", "Hide unconnected", Graph.connected)),
        by_edges=True,
    ),
}


class Options:
    """What there is to choose, as the operator has set it up.

    Args:
        include: further kinds of containers to choose, by a label.
        exclude: the same, of those that have not the label.
    """

    def __init__(self, include: Iterable[LabelFilter] = (), exclude: Iterable[LabelFilter] = ()) -> None:
        system = (
            _Value("all", "All"),
            _Value("system", "System containers", _not(is_application)),
            _Value("application", "Application containers", is_application),
            *(
                _Value(f"containerLabelFilter{number}", one.title, has_label(one.key, one.value))
                for number, one in enumerate(include)
            ),
            *(
                _Value(f"containerLabelFilterExclude{number}", one.title, _not(has_label(one.key, one.value)))
                for number, one in enumerate(exclude)
            ),
        )
        self._groups = {**_GROUPS, "system": _Group("system", "application", system)}

    def offered(self, definition: Definition, model: Model) -> list[pb.OptionGroup]:
        """What readers of a topology may choose now, as they are told."""
        offered = [_told(group) for group in self._of(definition)]
        if _NAMESPACE in definition.options and (names := _namespaces(model)):
            values = [pb.Option(value=name, label=name) for name in names]
            offered.append(
                pb.OptionGroup(id=_NAMESPACE, select_type="union", none_label="All Namespaces", options=values)
            )
        return offered

    def choice(
        self, definition: Definition, chosen: Mapping[str, str], *, sensitive: bool = False, graph: bool = False
    ) -> Choice:
        """What a reader has chosen of a topology, what it has not being as usual, and what is not there ignored.

        Namespaces come and go: any name is one. Raises ServiceError (INVALID_FIELD) for a value that no topology has.
        """
        values = {group.id: [one.value for one in group.values] for group in self._groups.values()}
        wrong = {
            name: f"must be one of {', '.join(known)}"
            for name, known in values.items()
            if chosen.get(name, "") not in ("", *known)
        }
        if wrong:
            raise invalid_fields(wrong)
        options = [(group.id, chosen.get(group.id) or group.default) for group in self._of(definition)]
        names = sorted({name.strip() for name in chosen.get(_NAMESPACE, "").split(",")} - {""})
        if names and _NAMESPACE in definition.options:
            options.append((_NAMESPACE, ",".join(names)))
        return Choice(tuple(options), sensitive and not graph, graph)

    def filter(self, definition: Definition, options: Sequence[tuple[str, str]]) -> Filter:
        """What chosen options of a topology let pass."""
        chosen = dict(options)
        keeps, by_edges = list[Keep](), False
        for group in self._of(definition):
            keep = next(one.keep for one in group.values if one.value == chosen[group.id])
            if keep is not None:
                keeps.append(keep)
                by_edges |= group.by_edges
        if _NAMESPACE in chosen:
            keeps.append(_in_namespaces(frozenset(chosen[_NAMESPACE].split(","))))
        return Filter(tuple(keeps), by_edges, chosen.get("pseudo") != "hide")

    def _of(self, definition: Definition) -> list[_Group]:
        return [self._groups[option] for option in definition.options if option != _NAMESPACE]


def _in_namespaces(names: frozenset[str]) -> Keep:
    return lambda graph, node: namespace(graph, node) in names


def _namespaces(model: Model) -> list[str]:
    """The names of the namespaces that there are, in ascending order."""
    found = (model.facts(node) for node in model.namespaces)
    return sorted({facts.texts.get("kubernetes_name") or facts.label for facts in found if facts is not None} - {""})


def _told(group: _Group) -> pb.OptionGroup:
    values = [pb.Option(value=one.value, label=one.label) for one in group.values]
    return pb.OptionGroup(id=group.id, default_value=group.default, options=values, select_type="one")
