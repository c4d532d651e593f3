"""What belongs to what in a cluster, and which ports lead where."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scope.report.v1.topology_pb2 import Topology
from scope_probe.kubernetes.objects import Pod, Service, Thing, translated
from scope_probe.scopes import Translation
from scope_sdk.report import limits
from scope_sdk.report.nodes import NodeFacts

#: What may control what. Anybody may write an owner into an object: there can be no circles this way.
_OWNERS = {
    Topology.TOPOLOGY_POD: {
        Topology.TOPOLOGY_REPLICA_SET,
        Topology.TOPOLOGY_DAEMON_SET,
        Topology.TOPOLOGY_STATEFUL_SET,
        Topology.TOPOLOGY_JOB,
    },
    Topology.TOPOLOGY_REPLICA_SET: {Topology.TOPOLOGY_DEPLOYMENT},
    Topology.TOPOLOGY_JOB: {Topology.TOPOLOGY_CRON_JOB},
}


@dataclass
class Relations:
    """Finds what things belong to.

    Attributes:
        hosts: id of the host by the name of the cluster's node.
        namespaces: id of the namespace by its name.
        controllers: by uid; replica sets, which are not reported, among them.
        services: every service.
    """

    hosts: Mapping[str, str]
    namespaces: Mapping[str, str] = field(default_factory=dict)
    controllers: Mapping[str, Thing] = field(default_factory=dict)
    services: Sequence[Service] = ()
    _services: dict[tuple[str, str, str], list[Service]] = field(init=False)

    def __post_init__(self) -> None:
        self._services = defaultdict(list)
        for service in self.services:
            for key, value in [*service.selector.items()][:1]:  # one label leads to few services, which are looked at
                self._services[service.namespace, key, value].append(service)

    def pod(self, pod: Pod) -> NodeFacts:
        """A pod with its controllers, its services, its host and its namespace as parents."""
        parents = [*self._owners(pod), *self._selected_by(pod)]
        for names, name in ((self.hosts, pod.host), (self.namespaces, pod.namespace)):
            if name in names:
                parents.append(names[name])
        return replace(pod.node, parents=parents[: limits.PARENTS])

    def controller(self, thing: Thing) -> NodeFacts:
        """A controller with what controls it."""
        return replace(thing.node, parents=[*self._owners(thing)])

    def _owners(self, thing: Thing) -> Iterator[str]:
        owner = self.controllers.get(thing.owner)
        if owner is None or owner.node.topology not in _OWNERS.get(thing.node.topology, ()):
            return
        if owner.node.topology != Topology.TOPOLOGY_REPLICA_SET:
            yield owner.node.id
        yield from self._owners(owner)

    def _selected_by(self, pod: Pod) -> Iterator[str]:
        for key, value in pod.labels.items():
            for service in self._services.get((pod.namespace, key, value), ()):
                if service.selector.items() <= pod.labels.items():
                    yield service.node.id


def node_ports(services: Iterable[Service], hosts: Iterable[Thing]) -> Iterator[Translation]:
    """From the port of a service at each node of the cluster to the service."""
    addresses = [address for host in hosts for address in host.node.addresses]
    for service in services:
        for outer, inner in service.node_ports:
            yield from translated(addresses, outer, service.node.addresses, inner)
