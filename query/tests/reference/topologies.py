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

_Places = Callable[[Said, str], list[str]]


@dataclass(frozen=True)
class Topology:
    """One topology.

    Attributes:
        kinds: of which kinds a node has to be to be shown, by itself or as part of a group.
        options: what its readers may choose.
        place: the nodes of the topology that something reported belongs to.
    """

    kinds: tuple[Kind.ValueType, ...]
    options: tuple[str, ...]
    place: _Places


def is_group(topology: str) -> bool:
    """Whether the nodes of a topology stand for all things that have a name in common."""
    return "-by-" in topology


def is_outside(owner: str) -> bool:
    """Whether it stands for addresses that nobody reports: every topology shows these as they are."""
    return owner in (INTERNET_IN, INTERNET_OUT) or owner.startswith(("service-", "pseudo:network:"))


def place(said: Said, topology: str, owner: str) -> list[str]:
    """The nodes of a topology that the owner of an end of a connection belongs to."""
    return [owner] if is_outside(owner) else TOPOLOGIES[topology].place(said, owner)


def shown(said: Said, topology: str) -> dict[str, set[str]]:
    """The nodes of a topology but for pseudo nodes, and what each stands for."""
    found: dict[str, set[str]] = {}
    for node in said.of_kind(*TOPOLOGIES[topology].kinds):
        for place in TOPOLOGIES[topology].place(said, node):
            if not place.startswith("pseudo:"):
                found.setdefault(place, set()).add(node)
    return found


def _process(said: Said, node: str) -> list[str]:
    return [node] if said.kind(node) == PROCESS else []


def _name(said: Said, node: str) -> list[str]:
    """Processes of one name are one node."""
    if said.kind(node) != PROCESS:
        return []
    facts = said.nodes[node]
    name = facts.texts.get("name") or facts.label
    return [name] if name else []


def container_of(said: Said, node: str) -> str | None:
    """The container that something is, or is in."""
    if said.kind(node) == CONTAINER:
        return node
    return next(iter(said.parents(node, CONTAINER)), None)


def host_of(said: Said, node: str) -> str | None:
    """The host that something is, or is on."""
    return node if said.kind(node) == HOST else next(iter(said.parents(node, HOST)), None)


def is_over(said: Said, node: str) -> bool:
    """Whether it is reported although it is no more."""
    texts = said.nodes[node].texts
    states = {CONTAINER: ("docker_container_state", {"deleted"}), POD: ("kubernetes_state", {"deleted", "Failed"})}
    key, over = states.get(said.nodes[node].topology, ("", set()))
    return texts.get(key) in over


def _container(said: Said, node: str) -> list[str]:
    """A process outside of all containers is one of its host's uncontained."""
    container = container_of(said, node)
    if container is not None:
        return [] if is_over(said, container) else [container]
    return _rest(said, node, "uncontained") if said.kind(node) == PROCESS else []


def _rest(said: Said, node: str, what: str) -> list[str]:
    host = host_of(said, node)
    return [f"pseudo:{what}:{host.removesuffix(';<host>')}"] if host else []


def _hostname(said: Said, node: str) -> list[str]:
    return [
        place if place.startswith("pseudo:") else hostname
        for place in _container(said, node)
        if (hostname := place if place.startswith("pseudo:") else hostname_of(said, place))
    ]


def hostname_of(said: Said, container: str) -> str:
    """What a container calls itself in its network."""
    return said.nodes[container].texts.get("docker_container_hostname", "")


def _image(said: Said, node: str) -> list[str]:
    """Containers of one image are one node, whichever its tag."""
    return [
        place if place.startswith("pseudo:") else f"{image};<container_image>"
        for place in _container(said, node)
        if (image := place if place.startswith("pseudo:") else image_of(said, place))
    ]


def image_of(said: Said, container: str) -> str:
    """The name of a container's image without registry and tag, else the beginning of its id."""
    texts, image = said.nodes[container].texts, next(iter(said.parents(container, IMAGE)), None)
    of = said.nodes[image] if image else None
    name = texts.get("docker_image_name") or (of.texts.get("docker_image_name") or of.label if of else "")
    if name and name != "<none>":
        return short(name)
    return (image.partition(";")[0] if image else texts.get("docker_image_id", ""))[:12]


def short(image: str) -> str:
    """`shop/web` of `registry:5000/shop/web:tag`; what Docker's own registry calls `library/nginx` is `nginx`."""
    registry, slash, rest = image.partition("@")[0].partition("/")
    if not slash or not (set(registry) & set(".:") or registry == "localhost"):
        rest = image.partition("@")[0]
    elif registry.endswith("docker.io"):
        rest = rest.removeprefix("library/")
    path, slash, name = rest.rpartition("/")
    return path + slash + name.partition(":")[0]


def pod_of(said: Said, node: str) -> str | None:
    """The pod that something is, or is in."""
    if said.kind(node) == POD:
        return node
    container = container_of(said, node)
    parents = said.parents(node, POD) or (said.parents(container, POD) if container else [])
    return next(iter(parents), None)


def _pod(said: Said, node: str) -> list[str]:
    """What is in no pod is one of its host's unmanaged, where there are pods at all."""
    pod = pod_of(said, node)
    if pod is not None:
        return [] if is_over(said, pod) else [pod]
    return _unmanaged(said, node)


def _unmanaged(said: Said, node: str) -> list[str]:
    kubernetes = said.of_kind(POD, SERVICE, *CONTROLLERS)
    return _rest(said, node, "unmanaged") if kubernetes and said.kind(node) in (PROCESS, CONTAINER, POD) else []


def _service(said: Said, node: str) -> list[str]:
    """What is in no pod of a service is not shown."""
    return [node] if said.kind(node) == SERVICE else _above(said, node, SERVICE)


def _controller(said: Said, node: str) -> list[str]:
    return [node] if said.kind(node) in CONTROLLERS else _above(said, node, *CONTROLLERS) or _unmanaged(said, node)


def _above(said: Said, node: str, *kinds: Kind.ValueType) -> list[str]:
    return [above for pod in _pod(said, node) if pod in said.nodes for above in said.parents(pod, *kinds)]


def _host(said: Said, node: str) -> list[str]:
    host = host_of(said, node)
    return [host] if host else []


_OF_CONTAINERS = ("system", "stopped", "pseudo", "namespace")
_OF_PODS = ("pseudo", "namespace")

TOPOLOGIES: Mapping[str, Topology] = {
    "processes": Topology((PROCESS,), ("unconnected",), _process),
    "processes-by-name": Topology((PROCESS,), ("unconnected",), _name),
    "containers": Topology((CONTAINER,), _OF_CONTAINERS, _container),
    "containers-by-hostname": Topology((CONTAINER,), _OF_CONTAINERS, _hostname),
    "containers-by-image": Topology((CONTAINER,), _OF_CONTAINERS, _image),
    "pods": Topology((POD,), _OF_PODS, _pod),
    "kube-controllers": Topology(CONTROLLERS, _OF_PODS, _controller),
    "services": Topology((SERVICE,), _OF_PODS, _service),
    "hosts": Topology((HOST,), (), _host),
}
