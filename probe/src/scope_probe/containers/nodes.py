"""From what engines say to the nodes of a report."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scope.report.v1.topology_pb2 import Topology
from scope_probe.containers.age import age, in_words
from scope_probe.containers.cgroups import Usage
from scope_probe.containers.model import PAUSED, RUNNING, Container, Image, Port
from scope_probe.hiding import harmless
from scope_probe.scopes import Scopes, Translation
from scope_sdk.report import ids, limits
from scope_sdk.report.nodes import Attribute, NodeFacts, Sample

CELL_LENGTH = 4_096
"""Characters of a label, a variable or a command; a longer one is cut."""

KEY_LENGTH = 512
"""Characters of the name of a label or a variable; those with a longer one are left out."""

ROWS = 500
"""Labels, or variables, of one container or image."""

TABLES_LENGTH = 2_000_000
"""Characters of all labels and variables in a report."""

_Value = TypeVar("_Value")
_UP = frozenset({RUNNING, PAUSED})
_POD_NAME, _POD_NAMESPACE = "io.kubernetes.pod.name", "io.kubernetes.pod.namespace"


@dataclass(frozen=True)
class Wish:
    """What may be said of containers.

    Attributes:
        arguments: what their programs were called with, beside the programs.
        environment: their variables.
        secret: the probe's own token, which is hidden wherever it stands.
    """

    arguments: bool = True
    environment: bool = False
    secret: str = ""

    def table(self, cells: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Rows of (key, value), by key."""
        keys = [key for key in sorted(cells) if len(key) <= KEY_LENGTH]
        rows = {self.text(key): (self.text(key), self.text(cells[key])) for key in keys[:ROWS]}
        return rows if len(rows) == len(cells) else {**rows, **_left_out(len(cells) - len(rows))}

    def text(self, text: str) -> str:
        """A text of somebody else's that can be sent."""
        return _cut(harmless(text, self.secret), CELL_LENGTH)

    def command(self, command: Sequence[str]) -> str:
        """A command line, or its program only."""
        return self.text(" ".join(command if self.arguments else command[:1]))


@dataclass(frozen=True)
class Here:
    """Where and when containers were looked at; `memory`: bytes that the host has, `now` in Unix seconds."""

    scopes: Scopes
    memory: int
    now: float


def container_node(container: Container, usage: Sequence[Usage], here: Here, wish: Wish) -> NodeFacts:
    """The node of a container, with what it used lately."""
    return NodeFacts(
        topology=Topology.TOPOLOGY_CONTAINER,
        id=ids.container_id(container.id),
        label=_cut(container.name or container.id[:12], limits.LABEL_LENGTH),
        parents=[ids.host_id(here.scopes.host), *_parents(container)],
        addresses=[here.scopes.scoped(address) for address in _addresses(container)][: limits.NODE_ADDRESSES],
        attributes=_said(_attributes(container, here.now, wish)),
        metrics=_metrics(usage),
        maxima={"docker_memory_usage": _limit(container, usage) or here.memory},
        tables=_said(_tables(container, wish)),
    )


def image_node(image: Image, wish: Wish) -> NodeFacts:
    """The node of an image."""
    facts: dict[str, Attribute] = {
        "docker_image_id": image.id,
        "docker_image_name": wish.text(image.name),
        "docker_image_tag": wish.text(image.tag),
        "docker_image_size": _human_size(image.size) if image.size else "",
    }
    return NodeFacts(
        topology=Topology.TOPOLOGY_CONTAINER_IMAGE,
        id=image_id(image.id),
        label=_cut(image.name or image.id[:12], limits.LABEL_LENGTH),
        attributes=_said(facts),
        tables=_said({"docker_image_label_": wish.table(image.labels)}),
    )


def pod_node(container: Container, here: Here, wish: Wish) -> NodeFacts:
    """The node of a container's pod, as far as the container knows it."""
    facts: dict[str, Attribute] = {
        "kubernetes_name": wish.text(container.labels.get(_POD_NAME, "")),
        "kubernetes_namespace": wish.text(container.labels.get(_POD_NAMESPACE, "")),
    }
    return NodeFacts(
        topology=Topology.TOPOLOGY_POD,
        id=pod_id(container.pod),
        label=_cut(container.labels.get(_POD_NAME, ""), limits.LABEL_LENGTH),
        parents=[ids.host_id(here.scopes.host)],
        attributes=_said(facts),
    )


def within(found: Iterable[NodeFacts], room: int = TABLES_LENGTH) -> Iterator[NodeFacts]:
    """The nodes, with their tables as long as there is room for these: one report holds those of all containers."""
    for node in found:
        length = sum(len(cell) for rows in node.tables.values() for row in rows.values() for cell in row)
        if length > room:
            node.tables = {template: _left_out(len(rows)) for template, rows in node.tables.items()}
        else:
            room -= length
        yield node


def image_id(image: str) -> str:
    """`abc;<container_image>`."""
    return ids.node_id(Topology.TOPOLOGY_CONTAINER_IMAGE, image)


def pod_id(pod: str) -> str:
    """`uid;<pod>`."""
    return ids.node_id(Topology.TOPOLOGY_POD, pod)


def translations(container: Container, scopes: Scopes, host: Collection[str]) -> Iterator[Translation]:
    """Where published TCP ports lead, from each of the host's own addresses, which are given, that they are at."""
    for port in container.ports:
        target = _target(container, ipv6=":" in port.address)
        if port.port and port.protocol == "tcp" and target:
            inside = (scopes.scoped(target), port.container_port)
            for address in _published_at(port, host):
                yield (scopes.scoped(address), port.port), inside


def _published_at(port: Port, host: Collection[str]) -> list[str]:
    if port.address == "0.0.0.0":  # noqa: S104 - of others, never bound
        return [address for address in host if ":" not in address]
    if port.address == "::":
        return [address for address in host if ":" in address]
    return [address for address in host if address == port.address]


def _target(container: Container, *, ipv6: bool) -> str:
    """The address that published ports of one family lead to: the first, as engines have it."""
    return next((address for address in _addresses(container) if (":" in address) == ipv6), "")


def _parents(container: Container) -> Iterator[str]:
    if container.image_id:
        yield image_id(container.image_id)
    if container.pod:
        yield pod_id(container.pod)


def _attributes(container: Container, now: float, wish: Wish) -> dict[str, Attribute]:
    return {
        "docker_container_id": container.id,
        "docker_image_id": container.image_id,
        "docker_container_name": wish.text(container.name),
        "docker_container_hostname": wish.text(container.hostname),
        "docker_container_command": wish.command(container.command),
        "docker_container_created": wish.text(container.created),
        "docker_container_state": wish.text(container.state),
        "docker_container_state_human": in_words(container, now),
        "docker_container_uptime": age(now - container.started).seconds if _is_up(container) else "",
        "docker_container_restart_count": "" if container.restarts is None else container.restarts,
        "docker_container_networks": [wish.text(name) for name in container.networks],
        "docker_container_ips": _addresses(container),
        "docker_container_ports": [_port_in_words(port) for port in container.ports],
        "docker_is_in_host_network": "true" if container.host_network else "",
    }


def _addresses(container: Container) -> Sequence[str]:
    """Where it can be reached. Podman still says where it was when it has ended; another may be there by then."""
    return container.addresses if container.state in _UP else ()


def _is_up(container: Container) -> bool:
    return container.state in _UP and container.started > 0


def _tables(container: Container, wish: Wish) -> dict[str, dict[str, tuple[str, str]]]:
    return {
        "docker_label_": wish.table(container.labels),
        "docker_env_": wish.table(container.environment if wish.environment else {}),
    }


def _metrics(usage: Sequence[Usage]) -> dict[str, list[Sample]]:
    return _said(
        {
            "docker_cpu_total_usage": [(look.time_ms, look.cpu) for look in usage if look.cpu is not None],
            "docker_memory_usage": [(look.time_ms, look.memory) for look in usage],
        }
    )


def _said(facts: Mapping[str, _Value]) -> dict[str, _Value]:
    """Without what is empty."""
    return {key: value for key, value in facts.items() if value or value == 0}


def _limit(container: Container, usage: Sequence[Usage]) -> int:
    """Bytes of memory that it may use, 0 where there is no limit."""
    return usage[-1].memory_max if usage else container.memory_limit


def _port_in_words(port: Port) -> str:
    inside = f"{port.container_port}/{port.protocol}"
    if not port.port:
        return inside
    address = f"[{port.address}]" if ":" in port.address else port.address
    return f"{address}:{port.port}->{inside}"


def _human_size(size: float) -> str:
    """As engines print it: 1000 bytes are a kB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.4g} {unit}"
        size /= 1000
    return f"{size:.4g} TB"


def _left_out(count: int) -> dict[str, tuple[str, str]]:
    return {"…": ("…", f"{count} that are too many or too long are not reported")}


def _cut(text: str, length: int) -> str:
    """What can be sent of a text: so many characters, and no half of a surrogate pair."""
    return text[:length].encode(errors="replace").decode()
