"""A fleet of synthetic hosts whose reports are a function of the host and the round, so that both ends of a connection,
reported by different probes, always agree."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.nodes import NodeFacts, Sample

PERIOD = 3.0
"""Seconds from one round to the next."""

PROCESSES = 100
CONTAINERS = 20
IMAGES = 10
PEERS = 5
"""Hosts that a host connects to; as many others connect to it."""

LANES = 10
"""Connections to each peer."""

FEWEST_HOSTS = PEERS + 1

_CLIENTS = PEERS * LANES  # one process for each outgoing connection
_SHARED = 5  # incoming connections of one serving process
_CONTAINED = 60  # processes in containers; those beyond hold no connections and come and go
_BORN = 2  # new processes in each round, each in the place of another
_MOVING = 3  # every so many rounds one connection to each peer is closed and another one opened
_FIRST_PORT = 32_768
_SERVED_PORT = 8_000
_PORT_REUSE = 500  # generations until a client port is used again
_GIB = 2**30


@dataclass(frozen=True)
class Fleet:
    """`hosts` hosts, each talking to the next five in a ring."""

    hosts: int

    def __post_init__(self) -> None:
        if self.hosts < FEWEST_HOSTS:
            raise ValueError(f"hosts: must be at least {FEWEST_HOSTS}, for each has {PEERS} peers")

    def report(self, host: int, round_: int, times: Sequence[int]) -> Builder:
        """What a host's probe sees in a round.

        Args:
            host: from 0.
            round_: from 0, the same for all hosts.
            times: when its samples were taken, milliseconds since 1970, oldest first.
        """
        builder = Builder()
        builder.template(standard.HOST)
        builder.template(standard.PROCESS)
        builder.template(standard.CONTAINER)
        builder.template(standard.CONTAINER_IMAGE)
        for node in _nodes(host, round_, times):
            builder.add(node)
        self._connect(builder, host, round_)
        return builder

    def _connect(self, builder: Builder, host: int, round_: int) -> None:
        name = host_name(host)
        for row in range(_CLIENTS):
            distance, lane = row // LANES + 1, row % LANES
            client_port = _FIRST_PORT + row + _CLIENTS * (_generation(lane, round_) % _PORT_REUSE)
            served = row // _SHARED
            server_port = _SERVED_PORT + served
            builder.connect(
                ids.process_id(name, pid(row, round_)),
                (address(host), client_port),
                (address((host + distance) % self.hosts), server_port),
            )
            builder.connect(
                ids.process_id(name, pid(_CLIENTS + served, round_)),
                (address(host), server_port),
                (address((host - distance) % self.hosts), client_port),
                incoming=True,
            )


def host_name(host: int) -> str:
    """The name of a host, by its number."""
    return f"load-{host:04}"


def pid(slot: int, round_: int) -> int:
    """The pid of the process that has a place on a host, in a round."""
    place = slot - _CONTAINED
    places = PROCESSES - _CONTAINED
    births = (_BORN * round_ - place + places - 1) // places if place >= 0 else 0
    return 1000 + slot if births == 0 else 2000 + place + places * (births - 1)


def _generation(lane: int, round_: int) -> int:
    """How often the connections of a lane were replaced until a round."""
    return (round_ // _MOVING - lane + LANES - 1) // LANES


def address(host: int) -> str:
    """The address of a host, by its number below 10,000: all are equally long, as names are."""
    return f"10.1.{100 + host // 100}.{100 + host % 100}"


def _nodes(host: int, round_: int, times: Sequence[int]) -> Iterator[NodeFacts]:
    name = host_name(host)
    yield _host(name, address(host), times)
    for image in range(IMAGES):
        yield _image(image)
    for container in range(CONTAINERS):
        yield _container(name, container, times)
    for slot in range(PROCESSES):
        yield _process(name, slot, round_, times)


def _host(name: str, address: str, times: Sequence[int]) -> NodeFacts:
    return NodeFacts(
        topology=Topology.TOPOLOGY_HOST,
        id=ids.host_id(name),
        label=name,
        attributes={
            "host_name": name,
            "os": "linux",
            "kernel_version": "6.1.0-18-amd64",
            "uptime": 86_400,
            "local_networks": ["10.0.0.0/8"],
        },
        metrics={
            "host_cpu_usage_percent": _random(times, 100),
            "host_mem_usage_bytes": _random(times, 16 * _GIB),
            "load1": _random(times, 4),
        },
        maxima={"host_cpu_usage_percent": 100, "host_mem_usage_bytes": 16 * _GIB},
        addresses=[address],
    )


def _image_id(image: int) -> str:
    return ids.node_id(Topology.TOPOLOGY_CONTAINER_IMAGE, f"{image:064x}")


def _image(image: int) -> NodeFacts:
    name = f"registry/service-{image}:1.2"
    return NodeFacts(
        topology=Topology.TOPOLOGY_CONTAINER_IMAGE,
        id=_image_id(image),
        label=name,
        attributes={"docker_image_name": name, "docker_image_size": "132 MB"},
    )


def _container_id(host: str, container: int) -> str:
    return ids.container_id(f"{host}{container:056x}")


def _container(host: str, container: int, times: Sequence[int]) -> NodeFacts:
    name = f"service-{container}"
    return NodeFacts(
        topology=Topology.TOPOLOGY_CONTAINER,
        id=_container_id(host, container),
        label=name,
        parents=[ids.host_id(host), _image_id(container % IMAGES)],
        attributes={
            "docker_container_name": name,
            "docker_container_state": "running",
            "docker_container_command": f"/usr/bin/{name} --listen :8080",
            "docker_container_ips": [f"172.17.0.{container + 2}"],
        },
        metrics={"docker_cpu_total_usage": _random(times, 100), "docker_memory_usage": _random(times, _GIB)},
        addresses=[f"{host};172.17.0.{container + 2}"],
    )


def _process(host: str, slot: int, round_: int, times: Sequence[int]) -> NodeFacts:
    number = pid(slot, round_)
    parents = [ids.host_id(host)]
    if slot < _CONTAINED:
        parents.append(_container_id(host, slot * CONTAINERS // _CONTAINED))
    return NodeFacts(
        topology=Topology.TOPOLOGY_PROCESS,
        id=ids.process_id(host, number),
        label=f"worker-{slot}",
        parents=parents,
        attributes={
            "pid": number,
            "name": f"worker-{slot}",
            "cmdline": f"/usr/bin/worker-{slot} --config /etc/worker-{slot}.yaml --host {host}",
            "ppid": 1,
            "threads": 1 + slot % 8,
        },
        metrics={
            "process_cpu_usage_percent": _random(times, 100),
            "process_memory_usage_bytes": _random(times, _GIB),
            "open_files_count": _random(times, 256),
        },
        maxima={"process_cpu_usage_percent": 100, "process_memory_usage_bytes": 16 * _GIB, "open_files_count": 1024},
    )


def _random(times: Sequence[int], most: float) -> list[Sample]:
    return [(time, random.random() * most) for time in times]
