"""`scope ps`: what runs now."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from google.protobuf import json_format

from scope.query.v1.node_pb2 import NodeDetails, NodeSummary
from scope_probe.client import names, words
from scope_probe.client.link import connected
from scope_sdk import Service

#: What is listed unless a topology is named: what `scope exec` reaches.
REACHED = ("hosts", "containers")
#: What is chosen unless said: processes without connections are left out of maps, and expected in lists.
EXPECTED = {"unconnected": "show"}
_MOST = 6


@dataclass(frozen=True)
class _Look:
    """Which columns a topology has: what the small print of its nodes is called, and ids of rows and measurements."""

    minor: str
    values: tuple[str, ...]


_CONTAINER = ("docker_cpu_total_usage", "docker_memory_usage")
_LOOKS: Mapping[str, _Look] = {
    "hosts": _Look("", ("uptime", "host_cpu_usage_percent", "host_mem_usage_bytes", "load1", "kernel_version")),
    "containers": _Look(
        "host", ("docker_image_name", "docker_container_state_human", *_CONTAINER, "docker_container_id")
    ),
    "pods": _Look(
        "", ("kubernetes_namespace", "kubernetes_state", "kubernetes_ip", "kubernetes_restart_count", *_CONTAINER)
    ),
    "processes": _Look("host", ("process_cpu_usage_percent", "process_memory_usage_bytes", "cmdline")),
}


async def show(service: Service, asked: Sequence[str], *, as_json: bool) -> None:
    """Prints the nodes of a topology, or of those that are shown unless one is named, by options that may follow it."""
    topology, chosen = names.split(asked)
    options = EXPECTED | names.options(chosen)
    topologies = (topology,) if topology else REACHED
    async with connected(service) as link:
        read = (link.nodes(one, **options) for one in topologies)
        shown = dict(zip(topologies, await asyncio.gather(*read), strict=True))
    if as_json:
        nodes = [{"topology": one, **as_dict(node)} for one, nodes in shown.items() for node in nodes]
        print(json.dumps(nodes, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join("\n".join(table(one, nodes)) for one, nodes in shown.items()))


def as_dict(node: NodeSummary | NodeDetails) -> dict[str, Any]:
    """A node as REST answers it."""
    return json_format.MessageToDict(node, always_print_fields_with_no_presence=True)


def table(topology: str, nodes: Iterable[NodeSummary]) -> list[str]:
    """The lines of a table of those that some probe reported."""
    reported = sorted((node for node in nodes if not node.pseudo), key=lambda node: (node.label, node.label_minor))
    if not reported:
        return [f"No {topology}."]
    look = _LOOKS.get(topology) or _Look("about", _common(reported))
    titles = ["name", look.minor, *(_title(one, reported) for one in look.values), "id"]
    return words.columns(titles, [_cells(node, look) for node in reported])


def _common(nodes: Sequence[NodeSummary]) -> tuple[str, ...]:
    """The first rows and measurements that nodes have."""
    rows = (row.id for node in nodes for row in node.metadata)
    metrics = (metric.id for node in nodes for metric in node.metrics)
    return tuple(dict.fromkeys((*rows, *metrics)))[:_MOST]


def _title(value: str, nodes: Sequence[NodeSummary]) -> str:
    """What a column is called by those that have it."""
    rows = (row.label for node in nodes for row in node.metadata if row.id == value)
    metrics = (metric.label for node in nodes for metric in node.metrics if metric.id == value)
    return words.clean(next(chain(rows, metrics), ""))


def _cells(node: NodeSummary, look: _Look) -> list[str]:
    values = {row.id: words.shortened(words.row(row)) for row in node.metadata}
    values |= {metric.id: words.measured(metric) for metric in node.metrics}
    minor = words.clean(node.label_minor)
    # The id of a container is long, and its beginning, which stands in a column of its own, does as well.
    name = "" if "docker_container_id" in look.values else words.clean(node.id)
    return [
        words.shortened(words.clean(node.label)),
        minor if look.minor else "",
        *(values.get(one, "") for one in look.values),
        name,
    ]
