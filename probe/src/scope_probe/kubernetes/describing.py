"""An object of the Kubernetes API in words, as an administrator reads it.

Only what is named here is shown. Environment variables are shown by name; commands, annotations and whatever else may
hold a secret are not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from scope_probe.kubernetes.objects import Raw

#: What the objects of a resource are called.
KINDS: Mapping[str, str] = {
    "pods": "Pod",
    "services": "Service",
    "deployments": "Deployment",
    "daemonsets": "DaemonSet",
    "statefulsets": "StatefulSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "namespaces": "Namespace",
    "nodes": "Node",
}

_Fields = Sequence[tuple[str, str]]
"""What to call something, and where it is: `status.phase`."""

_METADATA: _Fields = (
    ("Name", "metadata.name"),
    ("Namespace", "metadata.namespace"),
    ("Labels", "metadata.labels"),
    ("Created", "metadata.creationTimestamp"),
    ("Being deleted", "metadata.deletionTimestamp"),
)
_SELECTOR = ("Selector", "spec.selector.matchLabels")
_DESIRED = ("Desired replicas", "spec.replicas")
_FIELDS: Mapping[str, _Fields] = {
    "Pod": (
        ("Status", "status.phase"),
        ("Reason", "status.reason"),
        ("Message", "status.message"),
        ("Node", "spec.nodeName"),
        ("Started", "status.startTime"),
        ("Addresses", "status.podIPs"),
        ("Host network", "spec.hostNetwork"),
        ("Quality of service", "status.qosClass"),
        ("Priority", "spec.priority"),
        ("Service account", "spec.serviceAccountName"),
        ("Restart policy", "spec.restartPolicy"),
        ("Node selector", "spec.nodeSelector"),
        ("Tolerations", "spec.tolerations"),
    ),
    "Service": (
        ("Selector", "spec.selector"),
        ("Type", "spec.type"),
        ("Addresses", "spec.clusterIPs"),
        ("External addresses", "spec.externalIPs"),
        ("External name", "spec.externalName"),
        ("Load balancer", "status.loadBalancer.ingress"),
        ("Ports", "spec.ports"),
        ("Session affinity", "spec.sessionAffinity"),
        ("External traffic", "spec.externalTrafficPolicy"),
    ),
    "Deployment": (
        _SELECTOR,
        _DESIRED,
        ("Replicas", "status.replicas"),
        ("Updated", "status.updatedReplicas"),
        ("Ready", "status.readyReplicas"),
        ("Available", "status.availableReplicas"),
        ("Unavailable", "status.unavailableReplicas"),
        ("Strategy", "spec.strategy.type"),
        ("Rolling update", "spec.strategy.rollingUpdate"),
        ("Paused", "spec.paused"),
    ),
    "DaemonSet": (
        _SELECTOR,
        ("Desired", "status.desiredNumberScheduled"),
        ("Current", "status.currentNumberScheduled"),
        ("Updated", "status.updatedNumberScheduled"),
        ("Ready", "status.numberReady"),
        ("Available", "status.numberAvailable"),
        ("Misplaced", "status.numberMisscheduled"),
        ("Strategy", "spec.updateStrategy.type"),
    ),
    "StatefulSet": (
        _SELECTOR,
        _DESIRED,
        ("Replicas", "status.replicas"),
        ("Updated", "status.updatedReplicas"),
        ("Ready", "status.readyReplicas"),
        ("Service", "spec.serviceName"),
        ("Strategy", "spec.updateStrategy.type"),
    ),
    "Job": (
        ("Parallelism", "spec.parallelism"),
        ("Completions", "spec.completions"),
        ("Backoff limit", "spec.backoffLimit"),
        ("Suspended", "spec.suspend"),
        ("Started", "status.startTime"),
        ("Completed", "status.completionTime"),
        ("Active", "status.active"),
        ("Succeeded", "status.succeeded"),
        ("Failed", "status.failed"),
    ),
    "CronJob": (
        ("Schedule", "spec.schedule"),
        ("Time zone", "spec.timeZone"),
        ("Concurrency", "spec.concurrencyPolicy"),
        ("Suspended", "spec.suspend"),
        ("Last scheduled", "status.lastScheduleTime"),
        ("Last succeeded", "status.lastSuccessfulTime"),
        ("Active", "status.active.name"),
    ),
    "Namespace": (("Status", "status.phase"),),
    "Node": (
        ("Unschedulable", "spec.unschedulable"),
        ("Taints", "spec.taints"),
        ("Addresses", "status.addresses"),
        ("Pod networks", "spec.podCIDRs"),
        ("Capacity", "status.capacity"),
        ("Allocatable", "status.allocatable"),
        ("System", "status.nodeInfo"),
    ),
}

#: Where an object has what its pods are made from.
_TEMPLATES = {"Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec"}
_TEMPLATE = "spec.template.spec"

_CONTAINER: _Fields = (
    ("Image", "image"),
    ("Ports", "ports"),
    ("Requests", "resources.requests"),
    ("Limits", "resources.limits"),
    ("Environment", "env.name"),
    ("Mounts", "volumeMounts.mountPath"),
)
_RUNNING: _Fields = (
    ("Id", "containerID"),
    ("Image id", "imageID"),
    ("State", "state"),
    ("Last state", "lastState"),
    ("Ready", "ready"),
    ("Restarts", "restartCount"),
)
_CONDITION: _Fields = (
    ("Condition", "type"),
    ("Status", "status"),
    ("Since", "lastTransitionTime"),
    ("Reason", "reason"),
    ("Message", "message"),
)
_EVENT: _Fields = (
    ("Last seen", "lastTimestamp"),
    ("Times", "count"),
    ("Type", "type"),
    ("Reason", "reason"),
    ("Message", "message"),
)
#: How many of the things that happened are shown.
_NEWEST = 30
_WIDTH = 21


def describe(kind: str, raw: Raw, events: Sequence[Raw] | str) -> str:
    """What there is to know about an object.

    Args:
        kind: its kind, one of KINDS.
        raw: the object.
        events: what happened to it, or why that is not known.
    """
    lines = chain(
        _fields(raw, _METADATA),
        _owners(raw),
        _fields(raw, _FIELDS[kind]),
        _containers(_at(raw, _TEMPLATES.get(kind, _TEMPLATE)) or {}, _at(raw, "status") or {}),
        _table("Conditions", _at(raw, "status.conditions") or (), _CONDITION),
        _events(events),
    )
    return "".join(f"{line}\n" for line in lines)


def _owners(raw: Raw) -> Iterator[str]:
    owners = [f"{owner['kind']}/{owner['name']}" for owner in _at(raw, "metadata.ownerReferences") or ()]
    return _field("Controlled by", owners)


def _containers(spec: Raw, status: Raw) -> Iterator[str]:
    for title, key, running in (
        ("Init containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
    ):
        statuses = {one["name"]: one for one in status.get(running, ())}
        containers = spec.get(key, ())
        if containers:
            yield f"{title}:"
        for container in containers:
            yield f"  {_plain(container['name'])}:"
            found = chain(_fields(container, _CONTAINER), _fields(statuses.get(container["name"], {}), _RUNNING))
            yield from (f"    {line}" for line in found)


def _events(events: Sequence[Raw] | str) -> Iterator[str]:
    if isinstance(events, str):
        return iter([f"Events: not known, {events}"])
    newest = sorted(({**event, "lastTimestamp": _last_seen(event)} for event in events), key=_last_seen)[-_NEWEST:]
    return _table("Events", newest, _EVENT)


def _last_seen(event: Raw) -> str:
    """When it happened last. Which of these an event has is up to whoever tells it."""
    given = (event.get("lastTimestamp"), _at(event, "series.lastObservedTime"), event.get("eventTime"))
    return next(filter(None, given), "")


def _fields(raw: Raw, fields: _Fields) -> Iterator[str]:
    return chain.from_iterable(_field(label, _at(raw, path)) for label, path in fields)


def _field(label: str, value: Any) -> Iterator[str]:
    """A line, or one for each of several things; none for what is not said."""
    for index, line in enumerate(_lines(value)):
        yield f"{'' if index else label + ':':<{_WIDTH}}{line}"


def _lines(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        return [_pair(key, one) for key, one in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return map(_compact, value)
    return [] if value in (None, "") else [_compact(value)]


def _compact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_pair(key, one) for key, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_compact, value))
    return str(value).lower() if isinstance(value, bool) else _plain(value)


def _pair(key: str, value: Any) -> str:
    return f"{_plain(key)}{': ' if isinstance(value, Mapping) else '='}{_compact(value)}"


def _table(title: str, rows: Iterable[Raw], columns: _Fields) -> Iterator[str]:
    cells = [[_compact(_at(row, path) or "") for _, path in columns] for row in rows]
    if not cells:
        return
    yield f"{title}:"
    cells.insert(0, [label for label, _ in columns])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  " + "  ".join(map(str.ljust, row, widths)).rstrip()


def _at(raw: Any, path: str) -> Any:
    """What is there, of each where there are several; None where nothing is."""
    for key in path.split("."):
        if isinstance(raw, Sequence) and not isinstance(raw, str):
            raw = [one.get(key) for one in raw]
        else:
            raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw


def _plain(value: object) -> str:
    """A text without what a terminal would act on: others write into these."""
    text = str(value)
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)
