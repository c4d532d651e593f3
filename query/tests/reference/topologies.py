"""What each topology shows, and where it puts everything else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from query.tests.reference.said import Said
from scope.report.v1.topology_pb2 import Topology as Kind
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

PROCESS, CONTAINER, IMAGE = Kind.TOPOLOGY_PROCESS, Kind.TOPOLOGY_CONTAINER, Kind.TOPOLOGY_CONTAINER_IMAGE
POD, SERVICE, HOST = Kind.TOPOLOGY_POD, Kind.TOPOLOGY_SERVICE, Kind.TOPOLOGY_HOST
CONTROLLERS = (
    Kind.TOPOLOGY_DEPLOYMENT,
    Kind.TOPOLOGY_DAEMON_SET,
    Kind.TOPOLOGY_STATEFUL_SET,
    Kind.TOPOLOGY_CRON_JOB,
    Kind.TOPOLOGY_JOB,
)


@dataclass(frozen=True)
class Base:
    """What several topologies are made of: things that probes report, and the edges between them.

    Attributes:
        kinds: their kinds.
        place: which of them, or which pseudo node, something reported belongs to; None: it is not shown.
    """

    kinds: tuple[Kind.ValueType, ...]
    place: Callable[[Said, str], str | None]


@dataclass(frozen=True)
class Topology:
    """One topology.

    Attributes:
        base: what it is made of.
        options: what its readers may choose.
        group: which of its nodes each of these is part of, of a pseudo node those that it is.
    """

    base: str
    options: tuple[str, ...]
    group: Callable[[Said, str], list[str]]


def is_group(topology: str) -> bool:
    """Whether the nodes of a topology stand for all things that have a name in common."""
    return "-by-" in topology


def is_outside(owner: str) -> bool:
    """Whether it stands for addresses that nobody reports: every topology shows these as they are."""
    return owner in (INTERNET_IN, INTERNET_OUT) or owner.startswith(("service-", "pseudo:network:"))


def is_rest(node: str) -> bool:
    """Whether it stands for what is in no container of a host, or not managed."""
    return node.startswith(("pseudo:uncontained:", "pseudo:unmanaged:"))


def place(said: Said, base: str, owner: str) -> str | None:
    """What the owner of an end of a connection belongs to."""
    return owner if is_outside(owner) else BASES[base].place(said, owner)


def there(said: Said, base: str) -> list[str]:
    """What a base is made of that is reported and not over."""
    return [node for node in said.of_kind(*BASES[base].kinds) if not is_over(said, node)]


def nodes_of(said: Said, topology: str, owner: str) -> list[str]:
    """The nodes of a topology that the owner of an end of a connection belongs to."""
    base = place(said, TOPOLOGIES[topology].base, owner)
    return [] if base is None else TOPOLOGIES[topology].group(said, base)


def is_over(said: Said, node: str) -> bool:
    """Whether it is reported although it is no more."""
    texts = said.nodes[node].texts
    states = {CONTAINER: ("docker_container_state", {"deleted"}), POD: ("kubernetes_state", {"deleted", "Failed"})}
    key, over = states.get(said.nodes[node].topology, ("", set()))
    return texts.get(key) in over


def container_of(said: Said, node: str) -> str | None:
    """The container that something is, or is in."""
    return node if said.kind(node) == CONTAINER else next(iter(said.parents(node, CONTAINER)), None)


def host_of(said: Said, node: str) -> str | None:
    """The host that something is, or is on."""
    return node if said.kind(node) == HOST else next(iter(said.parents(node, HOST)), None)


def pod_of(said: Said, node: str) -> str | None:
    """The pod that something is, or is in, perhaps by way of its container."""
    if said.kind(node) == POD:
        return node
    container = container_of(said, node)
    parents = said.parents(node, POD) or (said.parents(container, POD) if container else [])
    return next(iter(parents), None)


def _process(said: Said, owner: str) -> str | None:
    return owner if said.kind(owner) == PROCESS else None


def _container(said: Said, owner: str) -> str | None:
    """A process outside of all containers is one of its host's uncontained."""
    if said.kind(owner) not in (CONTAINER, PROCESS):
        return None
    return container_of(said, owner) or _rest(said, owner, "uncontained")


def _pod(said: Said, owner: str) -> str | None:
    """What is in no pod is one of its host's unmanaged."""
    if said.kind(owner) == SERVICE:
        return owner
    if said.kind(owner) not in (POD, CONTAINER, PROCESS):
        return None
    return pod_of(said, owner) or _rest(said, owner, "unmanaged")


def _rest(said: Said, node: str, what: str) -> str | None:
    host = host_of(said, node)
    return f"pseudo:{what}:{host.removesuffix(';<host>')}" if host else None


def _itself(_: Said, node: str) -> list[str]:
    return [node]


def _name(said: Said, node: str) -> list[str]:
    """Processes of one name are one node."""
    if said.kind(node) != PROCESS:
        return [node]
    name = said.nodes[node].texts.get("name") or said.nodes[node].label
    return [name] if name else []


def _hostname(said: Said, node: str) -> list[str]:
    """Containers that call themselves the same in their networks are one node."""
    if said.kind(node) != CONTAINER:
        return [node]
    name = said.nodes[node].texts.get("docker_container_hostname")
    return [name] if name else []


def _image(said: Said, node: str) -> list[str]:
    """Containers of one image are one node, whichever its tag."""
    if said.kind(node) != CONTAINER:
        return [node]
    name = image_of(said, node)
    return [f"{name};<container_image>"] if name else []


def image_of(said: Said, container: str) -> str:
    """The name of a container's image without registry and tag, else the beginning of its id."""
    texts, image = said.nodes[container].texts, next(iter(said.parents(container, IMAGE)), None)
    of = said.nodes[image] if image else None
    name = texts.get("docker_image_name") or (of.texts.get("docker_image_name") or of.label if of else "")
    if name and name != "<none>":
        return short(name)
    return (image.partition(";")[0] if image else texts.get("docker_image_id", ""))[:12]


def short(image: str) -> str:
    """`shop/web` of `registry:5000/shop/web:tag`; what a registry calls `library/nginx` is `nginx`."""
    registry, slash, rest = image.partition("@")[0].partition("/")
    if not slash or not (set(registry) & set(".:") or registry == "localhost"):
        rest = image.partition("@")[0]
    else:
        rest = rest.removeprefix("library/")
    path, slash, name = rest.rpartition("/")
    return path + slash + name.partition(":")[0]


def _only_pod(said: Said, node: str) -> list[str]:
    return [node] if said.kind(node) in (POD, None) else []


def _service(said: Said, node: str) -> list[str]:
    """What is in no pod of a service is not shown."""
    return [node] if said.kind(node) == SERVICE or is_outside(node) else said.parents(node, SERVICE)


def _controller(said: Said, node: str) -> list[str]:
    """What is in no pod of a controller is one of its host's unmanaged."""
    if said.kind(node) in CONTROLLERS or said.kind(node) is None:
        return [node]
    unmanaged = _rest(said, node, "unmanaged")
    return said.parents(node, *CONTROLLERS) or ([unmanaged] if unmanaged else [])


BASES: Mapping[str, Base] = {
    "processes": Base((PROCESS,), _process),
    "containers": Base((CONTAINER,), _container),
    "pods": Base((POD, SERVICE, *CONTROLLERS), _pod),
    "hosts": Base((HOST,), host_of),
}
_OF_CONTAINERS = ("system", "stopped", "pseudo", "namespace")
_OF_PODS = ("pseudo", "namespace")

TOPOLOGIES: Mapping[str, Topology] = {
    "processes": Topology("processes", ("unconnected",), _itself),
    "processes-by-name": Topology("processes", ("unconnected",), _name),
    "containers": Topology("containers", _OF_CONTAINERS, _itself),
    "containers-by-hostname": Topology("containers", _OF_CONTAINERS, _hostname),
    "containers-by-image": Topology("containers", _OF_CONTAINERS, _image),
    "pods": Topology("pods", _OF_PODS, _only_pod),
    "kube-controllers": Topology("pods", _OF_PODS, _controller),
    "services": Topology("pods", _OF_PODS, _service),
    "hosts": Topology("hosts", (), _itself),
}
