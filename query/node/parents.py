"""What a node belongs to, as far as a topology shows it."""

from collections.abc import Hashable, Iterable, Iterator

from query import images
from query.model import Model
from query.node.names import label
from query.topologies import topology_showing
from scope.query.v1.node_pb2 import Parent
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids

_IMAGE = Topology.TOPOLOGY_CONTAINER_IMAGE
_REPLICA_SET = Topology.TOPOLOGY_REPLICA_SET
# Cheaper to look for than kinds: what is mentioned is looked up for every node that is printed.
_REPLICA_SET_TAG = ids.ending(_REPLICA_SET)
#: The kinds of parents in the order that they are shown in.
_ORDER = {
    kind: place
    for place, kind in enumerate(
        (
            ids.CONTAINER,
            _IMAGE,
            Topology.TOPOLOGY_POD,
            Topology.TOPOLOGY_DEPLOYMENT,
            Topology.TOPOLOGY_DAEMON_SET,
            Topology.TOPOLOGY_STATEFUL_SET,
            Topology.TOPOLOGY_CRON_JOB,
            Topology.TOPOLOGY_JOB,
            Topology.TOPOLOGY_SERVICE,
            ids.HOST,
        )
    )
}


def parents(model: Model, node: str, above: Iterable[str]) -> Iterator[Parent]:
    """What a node belongs to, of its ancestors, in the order of kinds; each by the id that its topology shows it by."""
    found = {shown for parent in above if (shown := _shown(model, node, parent))}  # two images may have one name
    for _, name, parent, topology in sorted(found):
        yield Parent(id=parent, label=name, topology_id=topology)


def mention(model: Model, node: str) -> Hashable:
    """What is said of a node where others name it as what they belong to; None where it is not there."""
    facts = model.facts(node)
    if facts is None:
        return None
    if facts.topology == _REPLICA_SET:
        return facts.parents
    if facts.topology == _IMAGE:
        return frozenset(facts.texts.items())
    topology = topology_showing(facts.topology)
    return label(facts), topology is None or topology.base.has_ended(facts)


def mentioning(model: Model, node: str) -> set[str]:
    """Ids of what belongs to a node, or to a replica set that does: the nodes that may name it."""
    found = model.children(node)
    sets = [child for child in found if child.endswith(_REPLICA_SET_TAG)]
    return found.union(*map(model.children, sets))


def ancestors(model: Model, node: str) -> set[str]:
    """Ids of what a node belongs to, and of what its replica set belongs to."""
    found = model.parents(node)
    sets = [parent for parent in found if parent.endswith(_REPLICA_SET_TAG)]
    return found.union(*map(model.parents, sets))


def _shown(model: Model, node: str, parent: str) -> tuple[int, str, str, str] | None:
    """Its place in the order, its name, its id and the topology that shows it; None where none does."""
    facts = model.facts(parent)
    topology = topology_showing(facts.topology) if facts else None
    if facts is None or topology is None or facts.topology not in _ORDER or topology.base.has_ended(facts):
        return None
    place = _ORDER[facts.topology]
    if facts.topology == _IMAGE:
        group = images.image_group(model, node)
        return (place, images.group_name(group), group, topology.id) if group else None
    return place, label(facts), parent, topology.id
