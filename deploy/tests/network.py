"""Who may reach whom by the NetworkPolicies of manifests, and who has to by their settings: the two are the same.

An edge is `(from, to, port)`, by the names of workloads; `anybody` stands for all outside the cluster.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from deploy.tests.manifests import Manifests, Raw, SecretKey, Workload

Edge = tuple[str, str, int]

ANYBODY = "anybody"
_NAMESPACE = "kubernetes.io/metadata.name"
_ADDRESS = re.compile(r"(?P<host>[a-z0-9][a-z0-9.-]*):(?P<port>\d+)")
_PUBLIC = re.compile(r"https://(?P<host>[a-z0-9][a-z0-9.-]*)(?::(?P<port>\d+))?$")
#: Where mail servers take mail from those who say who they are.
_MAIL = (465, 587)
#: Where API servers are.
_API_SERVER = (443, 6443)


@dataclass(frozen=True)
class Pod:
    """The pods of a workload, as far as policies know them. `ports`: what they listen at, by name."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    ports: Mapping[str, int] = field(default_factory=dict)


#: Pods that others make: the chart of NATS, the operator of PostgreSQL; and the cluster's names.
NATS = Pod("nats", "scope", {"app.kubernetes.io/name": "nats"}, {"nats": 4222})
POSTGRES = Pod("postgres", "scope", {"scope/database": "postgres", "cnpg.io/cluster": "postgres"}, {"postgres": 5432})
NAMES = Pod("names", "kube-system", {"k8s-app": "kube-dns"}, {"dns": 53})
OUTSIDE = Pod(ANYBODY, ANYBODY, {})


def pods(manifests: Manifests) -> list[Pod]:
    """All that there are in a cluster of these manifests, but those in the network of their node, where none holds."""
    workloads = [one for one in manifests.workloads() if not one.pod.get("hostNetwork")]
    ours = [Pod(one.name, one.namespace, one.labels, _ports(one)) for one in workloads]
    theirs = [one for one in (NATS, POSTGRES) if one.name not in {pod.name for pod in ours}]
    return [*ours, *theirs, NAMES]


def needed(manifests: Manifests) -> set[Edge]:
    """By the addresses in their settings, and what these cannot say: names, the database, mail, who comes in."""
    there = {pod.name for pod in pods(manifests)}
    edges: set[Edge] = set()
    for workload in manifests.workloads():
        if workload.name not in there or not workload.component:
            continue
        edges.add((workload.name, NAMES.name, 53))
        for name, value in manifests.environment(workload).items():
            edges |= {(workload.name, *end) for end in _ends(manifests, there, name, value)}
        if workload.raw["metadata"]["labels"].get("app.kubernetes.io/component") == "cluster":
            edges |= {(workload.name, ANYBODY, port) for port in _API_SERVER}
        if workload.name == "frontend":
            edges |= {(ANYBODY, workload.name, port) for port in _ports(workload).values()}
    return edges


def _ends(manifests: Manifests, there: set[str], name: str, value: str | SecretKey) -> Iterator[tuple[str, int]]:
    if name == "DATABASE_URL_FILE":
        yield POSTGRES.name, 5432
    if isinstance(value, SecretKey):
        if name == "SMTP_URL":
            yield from ((ANYBODY, port) for port in _MAIL)
        return
    for found in _ADDRESS.finditer(value):
        service = found["host"].partition(".")[0]
        if service in there:
            yield service, _target(manifests, service, int(found["port"]))
    public = _PUBLIC.match(value)
    if public and name == "SCOPE_URL":
        yield ANYBODY, int(public["port"] or 443)


def _target(manifests: Manifests, service: str, port: int) -> int:
    """The port of the pods that a port of a service leads to."""
    for raw in manifests.of("Service"):
        for one in raw["spec"]["ports"]:
            if raw["metadata"]["name"] == service and one["port"] == port:
                workload = next(one for one in manifests.workloads() if one.name == service)
                return _ports(workload).get(one["targetPort"], 0)
    return port


def allowed(manifests: Manifests) -> set[Edge]:
    """Each edge that both ends' policies let pass, from or to one of our own pods."""
    ours = {one.name for one in manifests.workloads() if one.component}
    everyone = [*pods(manifests), OUTSIDE]
    edges = set()
    for source, target in product(everyone, everyone):
        if not ours & {source.name, target.name}:
            continue
        for port in sorted(_asked(manifests, target)):
            if _passes(manifests, source, target, port):
                edges.add((source.name, target.name, port))
    return edges


def _asked(manifests: Manifests, target: Pod) -> set[int]:
    """The ports to try: its own, and all that any policy mentions, for whoever is outside."""
    if target is not OUTSIDE:
        return set(target.ports.values())
    rules = (rule for raw in manifests.of("NetworkPolicy") for rule in raw["spec"].get("egress", ()))
    named = (port["port"] for rule in rules for port in rule.get("ports", ()))
    return {1, *(port for port in named if isinstance(port, int))}


def _passes(manifests: Manifests, source: Pod, target: Pod, port: int) -> bool:
    def through(own: Pod, other: Pod, direction: str, peers: str) -> bool:
        """Whether the policies of one end let it pass: those that select it, or there are none."""
        if own.namespace in (ANYBODY, NAMES.namespace):
            return True
        about = [spec for spec in _about(manifests, own) if direction in spec["policyTypes"]]
        rules = [rule for spec in about for rule in spec.get(direction.lower(), ())]
        return not about or any(
            _through(rule.get("ports", ()), target, port) and _among(rule.get(peers, ()), own, other) for rule in rules
        )

    return through(source, target, "Egress", "to") and through(target, source, "Ingress", "from")


def _about(manifests: Manifests, pod: Pod) -> Iterator[Raw]:
    """The policies that select a pod."""
    for raw in manifests.of("NetworkPolicy"):
        if raw["metadata"]["namespace"] == pod.namespace and _selects(raw["spec"]["podSelector"], pod.labels):
            yield raw["spec"]


def _through(ports: Sequence[Raw], listens: Pod, port: int) -> bool:
    """Whether a rule is for this port: one by name is what the pod that listens calls so."""
    numbers = {listens.ports.get(one["port"], one["port"]) for one in ports if one.get("protocol", "TCP") == "TCP"}
    return not ports or port in numbers


def _among(peers: Sequence[Raw], own: Pod, other: Pod) -> bool:
    return not peers or any(_is(peer, own, other) for peer in peers)


def _is(peer: Raw, own: Pod, other: Pod) -> bool:
    if "ipBlock" in peer:
        return other.name == ANYBODY
    if other.name == ANYBODY:
        return False
    if "namespaceSelector" in peer:
        near = _selects(peer["namespaceSelector"], {_NAMESPACE: other.namespace})
    else:
        near = own.namespace == other.namespace
    return near and _selects(peer.get("podSelector", {}), other.labels)


def _selects(selector: Raw, labels: Mapping[str, str]) -> bool:
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "In", f"{expression}: this test knows In alone"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def _ports(workload: Workload) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in workload.container.get("ports", ())}


def reaching(manifests: Manifests) -> Iterator[str]:
    """The policy: nobody may reach whom it needs not to, and everybody whom it needs to."""
    may, must = allowed(manifests), needed(manifests)
    doors = {(other, port) for one, other, port in must if one == ANYBODY}
    needless = (edge for edge in sorted(may - must) if edge[1:] not in doors)  # a door for the world is one for all
    yield from (f"{one} may reach {other} at {port} for no reason" for one, other, port in needless)
    yield from (f"{one} may not reach {other} at {port}, and needs to" for one, other, port in sorted(must - may))
