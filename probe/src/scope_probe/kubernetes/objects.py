"""What reports say of an object of the Kubernetes API by itself. Objects come as JSON, in the API's own words.

The client's models are left out: they check and keep every field there is, and a few are of use here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from scope.report.v1.topology_pb2 import Topology
from scope_probe.scopes import Translation
from scope_sdk.report import ids, limits
from scope_sdk.report.nodes import Attribute, NodeFacts, check_node

Raw = Mapping[str, Any]

_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - recognised in others, never bound
_ENDED = ("Succeeded", "Failed")  # what such a pod says its address is belongs to the next one by now
_LABELS = "kubernetes_labels_"
_DESCRIBE = ("kubernetes_describe",)
_POD_CONTROLS = ("kubernetes_get_logs", *_DESCRIBE, "kubernetes_delete_pod")
# Anybody may write annotations; kubelet writes 32 hexadecimal digits into this one.
_MIRRORED = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object, as far as reports are concerned.

    Attributes:
        node: what it is, but for its parents: those take other objects to tell.
        owner: uid of what controls it; empty where nothing does.
    """

    uid: str
    name: str
    namespace: str
    node: NodeFacts
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod(Thing):
    """A pod. `host` names the node that it was placed on, `translations` are the host's ports that lead to it.

    `containers` are the names of those that run as long as it does.
    """

    labels: Mapping[str, str]
    host: str
    containers: Sequence[str]
    translations: Sequence[Translation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Thing):
    """A service. Without a selector it selects nothing. `node_ports`: what to, on its own addresses, each leads."""

    selector: Mapping[str, str]
    translations: Sequence[Translation]
    node_ports: Sequence[tuple[int, int]] = field(default=())


def pod(raw: Raw) -> Pod:
    """A pod. One that kubelet read from a file is known to the container engine by the hash of that file."""
    spec, status, metadata = raw["spec"], raw.get("status", {}), raw["metadata"]
    in_host_network = bool(spec.get("hostNetwork"))
    own = not in_host_network and status.get("phase") not in _ENDED
    addresses = _addresses(one.get("ip") for one in status.get("podIPs", ())) if own else []
    hosts = _addresses(one.get("ip") for one in status.get("hostIPs", [{"ip": status.get("hostIP")}]))
    ports = [port for one in spec["containers"] for port in one.get("ports", ())]
    mirrored = metadata.get("annotations", {}).get("kubernetes.io/config.hash", "")
    return Pod(
        **_common(
            Topology.TOPOLOGY_POD,
            raw,
            own=mirrored if _MIRRORED.fullmatch(mirrored) else metadata["uid"],
            addresses=addresses,
            controls=_POD_CONTROLS,
            kubernetes_state="Terminating" if "deletionTimestamp" in metadata else status.get("phase"),
            kubernetes_ip=status.get("podIP"),
            kubernetes_restart_count=sum(one["restartCount"] for one in status.get("containerStatuses", ())),
            kubernetes_is_in_host_network="true" if in_host_network else None,
        ),
        labels=metadata.get("labels", {}),
        host=spec.get("nodeName", ""),
        containers=[
            *(one["name"] for one in spec.get("initContainers", ()) if one.get("restartPolicy") == "Always"),
            *(one["name"] for one in spec["containers"]),
        ],
        translations=[
            translation
            for port in ports
            if "hostPort" in port and _is_tcp(port)
            for translation in translated(_bound(port, hosts), port["hostPort"], addresses, port["containerPort"])
        ],
    )


def service(raw: Raw) -> Service:
    """A service. What is sent to its addresses outside of the cluster, at its ports, arrives at those inside."""
    spec = raw["spec"]
    inside = _addresses(spec.get("clusterIPs", ()))
    balancers = raw.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    public = [*spec.get("externalIPs", ()), *(one.get("ip") or one.get("hostname") for one in balancers)]
    ports = [port for port in spec.get("ports", ()) if _is_tcp(port)]
    return Service(
        **_common(
            Topology.TOPOLOGY_SERVICE,
            raw,
            addresses=inside,
            kubernetes_type=spec.get("type"),
            kubernetes_ip=inside[0] if inside else None,
            kubernetes_public_ip=sorted({address for address in public if address}),
            kubernetes_ports=[_port(port) for port in spec.get("ports", ())],
        ),
        selector=spec.get("selector", {}),
        translations=[
            translation
            for port in ports
            for translation in translated(_addresses(public), port["port"], inside, port["port"])
        ],
        node_ports=[(port["nodePort"], port["port"]) for port in ports if port.get("nodePort")],
    )


def deployment(raw: Raw) -> Thing:
    """A deployment."""
    spec = raw["spec"]
    return _controller(
        Topology.TOPOLOGY_DEPLOYMENT,
        "Deployment",
        raw,
        controls=_scaling(spec),
        kubernetes_observed_generation=raw.get("status", {}).get("observedGeneration"),
        kubernetes_desired_replicas=spec.get("replicas"),
        kubernetes_strategy=spec.get("strategy", {}).get("type"),
    )


def replica_set(raw: Raw) -> Thing:
    """A replica set: no more than whose it is, for it stands between a pod and its deployment."""
    metadata = raw["metadata"]
    node = NodeFacts(Topology.TOPOLOGY_REPLICA_SET, ids.node_id(Topology.TOPOLOGY_REPLICA_SET, metadata["uid"]))
    return Thing(uid=metadata["uid"], name="", namespace="", node=node, owner=_owner(metadata))


def daemon_set(raw: Raw) -> Thing:
    """A daemon set."""
    desired = raw.get("status", {}).get("desiredNumberScheduled")
    return _controller(Topology.TOPOLOGY_DAEMON_SET, "DaemonSet", raw, kubernetes_desired_replicas=desired)


def stateful_set(raw: Raw) -> Thing:
    """A stateful set."""
    return _controller(
        Topology.TOPOLOGY_STATEFUL_SET,
        "StatefulSet",
        raw,
        controls=_scaling(raw["spec"]),
        kubernetes_observed_generation=raw.get("status", {}).get("observedGeneration"),
        kubernetes_desired_replicas=raw["spec"].get("replicas"),
    )


def cron_job(raw: Raw) -> Thing:
    """A cron job."""
    spec, status = raw["spec"], raw.get("status", {})
    return _controller(
        Topology.TOPOLOGY_CRON_JOB,
        "CronJob",
        raw,
        kubernetes_schedule=spec.get("schedule"),
        kubernetes_suspended="true" if spec.get("suspend") else "false",
        kubernetes_last_scheduled=status.get("lastScheduleTime"),
        kubernetes_active_jobs=len(status.get("active", ())),
    )


def job(raw: Raw) -> Thing:
    """A job."""
    return _controller(Topology.TOPOLOGY_JOB, "Job", raw)


def namespace(raw: Raw) -> Thing:
    """A namespace."""
    return Thing(**_common(Topology.TOPOLOGY_NAMESPACE, raw))


def host(raw: Raw) -> Thing:
    """A node of the cluster, which is a host under the same name. What the host is, a probe on it knows better."""
    metadata = raw["metadata"]
    given = [one["address"] for one in raw.get("status", {}).get("addresses", ()) if one["type"].endswith("IP")]
    cordon = "kubernetes_uncordon_node" if raw.get("spec", {}).get("unschedulable") else "kubernetes_cordon_node"
    node = NodeFacts(
        Topology.TOPOLOGY_HOST,
        ids.host_id(metadata["name"]),
        addresses=_addresses(given),
        controls=(*_DESCRIBE, cordon),
    )
    check_node(node)
    return Thing(uid=metadata["uid"], name=metadata["name"], namespace="", node=node)


def translated(outside: Iterable[str], port: int, inside: Iterable[str], inner_port: int) -> list[Translation]:
    """From each address outside to the first one inside of its family."""
    by_version = {ip_address(address).version: address for address in reversed([*inside])}
    targets = ((address, by_version.get(ip_address(address).version)) for address in outside)
    return [((address, port), (target, inner_port)) for address, target in targets if target]


def _controller(topology: Topology.ValueType, kind: str, raw: Raw, **attributes: Any) -> Thing:
    return Thing(**_common(topology, raw, kubernetes_node_type=kind, **attributes))


def _scaling(spec: Raw) -> Sequence[str]:
    """What can be done to something of so many replicas: the last one is not taken away."""
    down = ("kubernetes_scale_down",) if spec.get("replicas", 1) > 1 else ()
    return (*_DESCRIBE, *down, "kubernetes_scale_up")


def _common(
    topology: Topology.ValueType,
    raw: Raw,
    *,
    own: str = "",
    addresses: Sequence[str] = (),
    controls: Sequence[str] = _DESCRIBE,
    **attributes: Attribute | None,
) -> dict[str, Any]:
    """What every Thing has. Attributes that are None or empty are left out.

    Raises:
        ReportError: no report can hold it.
    """
    metadata = raw["metadata"]
    said = {
        "kubernetes_name": metadata["name"],
        "kubernetes_namespace": metadata.get("namespace"),
        "kubernetes_created": metadata.get("creationTimestamp"),
        **attributes,
    }
    labels = [*metadata.get("labels", {}).items()][: limits.ROWS]
    node = NodeFacts(
        topology=topology,
        id=ids.node_id(topology, own or metadata["uid"]),
        label=metadata["name"],
        attributes={key: value for key, value in said.items() if value not in (None, "", [])},
        addresses=addresses[: limits.NODE_ADDRESSES],
        tables={_LABELS: {key: (key, value) for key, value in labels}} if labels else {},
        controls=controls,
    )
    check_node(node)
    return {
        "uid": metadata["uid"],
        "name": metadata["name"],
        "namespace": metadata.get("namespace", ""),
        "node": node,
        "owner": _owner(metadata),
    }


def _owner(metadata: Raw) -> str:
    owners = metadata.get("ownerReferences", ())
    return next((owner["uid"] for owner in owners if owner.get("controller")), "")


def _addresses(given: Iterable[str | None]) -> list[str]:
    """Those that are addresses, and of one thing only: neither names, `None` of headless services, nor loopback."""
    return [address for address in given if address and _reaches(address)]


def _reaches(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_unspecified)


def _bound(port: Raw, hosts: list[str]) -> list[str]:
    """At which of its host's addresses a container's port is."""
    given = port.get("hostIP", "")
    return hosts if given in _EVERY_ADDRESS else _addresses([given])


def _is_tcp(port: Raw) -> bool:
    return bool(port.get("protocol", "TCP") == "TCP")


def _port(port: Raw) -> str:
    """`80/TCP`, or `80:30080/TCP` where nodes listen too."""
    outer = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{outer}/{port.get('protocol', 'TCP')}"
