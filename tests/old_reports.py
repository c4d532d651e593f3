"""Reports in the JSON form that Weave Scope had in 2016, as documents of ours.

What that form says by shared ids, ours says by itself: an endpoint with a process becomes its end of a connection, a
scope of a container's address becomes part of the address, strings become numbers and moments.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface
from typing import Any

from scope.report.v1.document_pb2 import Document
from scope.report.v1.template_pb2 import ControlTemplate, TopologyTemplates
from scope_sdk import Builder, NodeFacts, ids
from scope_sdk.report import standard
from scope_sdk.report.nodes import Attribute, Sample

_KINDS = {
    "Host": "host",
    "ContainerImage": "container_image",
    "Container": "container",
    "Process": "process",
    "Overlay": "overlay",
}
_HOUSEKEEPING = {"host_node_id", "probe_id", "ts"}
_NUMBERS = {"pid", "ppid", "threads"}
_LABELS = ("docker_container_name", "name", "host_name", "docker_image_name", "weave_peer_nick_name", "pid")
_TABLES = ("docker_image_label_", "docker_label_", "docker_env_")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(\d+)s")

Old = Mapping[str, Any]


def convert(report: Old) -> Document:
    """The document that says the same."""
    builder = Builder()
    bridges = _bridges(report)
    for key, kind in _KINDS.items():
        for node in _nodes(report, key):
            builder.add(_facts(kind, node, bridges))
        _declare(builder, kind, report.get(key, {}).get("controls") or {})
    _connect(builder, {node["id"]: node for node in _nodes(report, "Endpoint")})
    builder.check()
    return builder.document()


def _nodes(report: Old, key: str) -> Iterable[Old]:
    nodes: Mapping[str, Old] = report.get(key, {}).get("nodes") or {}
    return nodes.values()


def _latest(node: Old) -> dict[str, str]:
    return {key: said["value"] for key, said in node.get("latest", {}).items()}


def _facts(kind: str, node: Old, bridges: Mapping[str, str]) -> NodeFacts:
    latest = _latest(node)
    attributes = dict(_attributes(kind, node, latest))
    labels = ((key, latest[key]) for key in _LABELS if key in latest)
    metrics = node.get("metrics") or {}
    return NodeFacts(
        topology=ids.topology_of(kind),
        id=node["id"],
        label=next(labels, ("", node["id"]))[1],
        parents=_parents(kind, node),
        attributes=attributes,
        metrics={key: _samples(said["samples"]) for key, said in metrics.items() if said["samples"]},
        maxima={key: said["max"] for key, said in metrics.items() if said["max"]},
        tables=_tables(latest),
        controls=(node.get("controls") or {}).get("controls") or (),
        addresses=[*_host_addresses(node, bridges)] if kind == "host" else _addresses(node),
    )


def _parents(kind: str, node: Old) -> list[str]:
    """What it belongs to itself: its own host was a parent of a host, its container's image one of a process."""
    parents = dict(node.get("parents") or {})
    parents.pop("container_image" if kind == "process" else kind, None)
    return [id_ for held in parents.values() for id_ in held]


def _attributes(kind: str, node: Old, latest: Mapping[str, str]) -> Iterator[tuple[str, Attribute]]:
    for key, text in latest.items():
        if key in _NUMBERS:
            yield key, int(text)
        elif key == "uptime" and (parts := _DURATION.match(text)):
            hours, minutes, seconds = (int(part or 0) for part in parts.groups())
            yield key, hours * 3600 + minutes * 60 + seconds
        elif key == "docker_container_created":
            yield key, datetime.strptime(text, "%d %b %y %H:%M UTC").replace(tzinfo=UTC).isoformat()
        elif key == "docker_image_name" and kind == "container_image":
            yield key, text.rpartition(":")[0]
            yield "docker_image_tag", text.rpartition(":")[2]
        elif key not in _HOUSEKEEPING and not key.startswith(_TABLES):
            yield key, text
    for key, values in node.get("sets", {}).items():
        members = [value for value in values or () if value]
        if members and key != "docker_container_ips_with_scopes":
            yield key, [str(ip_interface(value).network) for value in members] if key == "local_networks" else members


def _samples(samples: Iterable[Old]) -> list[Sample]:
    """By the second: those of different nodes share their times in our form."""
    taken = {round(_moment(sample["date"])) * 1000: float(sample["value"]) for sample in samples}
    return sorted(taken.items())


def _moment(text: str) -> float:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


def _tables(latest: Mapping[str, str]) -> dict[str, dict[str, tuple[str, str]]]:
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    for key, value in latest.items():
        for prefix in _TABLES:
            if key.startswith(prefix):
                name = key.removeprefix(prefix)
                tables.setdefault(prefix, {})[name] = (name, value)
    return tables


def _addresses(node: Old) -> list[str]:
    """Those of a container: `SCOPE;ADDRESS`, either of them perhaps empty."""
    pairs = (text.split(";") for text in node.get("sets", {}).get("docker_container_ips_with_scopes") or ())
    return [f"{scope};{address}" if scope else address for scope, address in pairs if address]


def _bridges(report: Old) -> dict[str, str]:
    """The scope of each container's address that has one."""
    found = (address for node in _nodes(report, "Container") for address in _addresses(node))
    return {address: scope for scope, separator, address in (text.partition(";") for text in found) if separator}


def _host_addresses(node: Old, bridges: Mapping[str, str]) -> Iterator[str]:
    """Those of the host's interfaces; on a network of containers it has one in their scope."""
    for text in node.get("sets", {}).get("local_networks") or ():
        interface = ip_interface(text)
        if interface.is_loopback or interface.is_link_local:
            continue
        scopes = {scope for address, scope in bridges.items() if ip_address(address) in interface.network}
        yield ";".join((*scopes, str(interface.ip)))


def _declare(builder: Builder, kind: str, controls: Mapping[str, Old]) -> None:
    """The controls of a kind of node; what else is shown of it is what is usual."""
    if not controls:
        return
    topology = ids.topology_of(kind)
    said = [
        ControlTemplate(id=id_, label=control["human"], icon=control["icon"], rank=rank)
        for rank, (id_, control) in enumerate(sorted(controls.items()))
    ]
    usual = standard.STANDARD.get(topology, TopologyTemplates(topology=topology))
    builder.template(usual).template(TopologyTemplates(topology=topology, controls=said))


def _connect(builder: Builder, endpoints: Mapping[str, Old]) -> None:
    """Each end of each connection whose process or host is known, and the names of their addresses."""
    for one in endpoints.values():
        address, _ = _end(one["id"])
        with suppress(KeyError):
            builder.name(address, one["sets"]["name"])
        for other in (endpoints[id_] for id_ in one["adjacency"] or ()):
            for near, far, incoming in ((one, other, False), (other, one, True)):
                owner = _owner(builder, near)
                if owner:
                    builder.connect(owner, _end(near["id"]), _end(far["id"]), incoming=incoming)


def _owner(builder: Builder, endpoint: Old) -> str:
    """Of what is in the report, what holds the endpoint: the process, else the host, else nothing."""
    latest = _latest(endpoint)
    host = latest.get("host_node_id", "")
    process = f"{host.partition(';')[0]};{latest.get('pid', '')}"
    return next((id_ for id_ in (process, host) if id_ in builder.nodes), "")


def _end(id_: str) -> tuple[str, int]:
    """The address, with its scope, and the port of an endpoint."""
    scope, address, port = id_.split(";")
    return f"{scope};{address}" if scope else address, int(port)
