"""What an API server answers to requests about one object, as the documentation of Kubernetes' API says."""

from __future__ import annotations

import copy
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probe.tests.kubernetes.api_server import ApiServer

Raw = dict[str, Any]

_PATH = re.compile(
    r"/apis?(?:/(?P<group>[a-z]+))?/v1/(?:namespaces/(?P<namespace>[^/]+)/)?(?P<resource>[a-z]+)/(?P<name>[^/]+)"
    r"(?:/(?P<part>log|scale))?"
)
_EVENTS = re.compile(r"/api/v1/(?:namespaces/(?P<namespace>[^/]+)/)?events")
_VERBS = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}
GROUPS = {"deployments": "apps", "daemonsets": "apps", "statefulsets": "apps", "jobs": "batch", "cronjobs": "batch"}


class RefusalError(Exception):
    """Answered instead."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: bytes


@dataclass
class Printed:
    """What a container printed: when, as the API says it and by our clock, and the line."""

    lines: list[tuple[str, float, str]] = field(default_factory=list)
    ended: bool = False


@dataclass
class OneObject:
    """State that only such requests are about. Everything is used with the server's condition held."""

    #: What is refused: `delete pods`.
    forbidden: set[str] = field(default_factory=set)
    #: What was asked for, in order.
    asked: list[str] = field(default_factory=list)
    events: list[Raw] = field(default_factory=list)
    logs: dict[tuple[str, str], Printed] = field(default_factory=lambda: defaultdict(Printed))
    #: Containers, by pod and name, that did not start yet.
    waiting: set[tuple[str, str]] = field(default_factory=set)
    #: What happens just before something is done: `delete pods`.
    before: dict[str, Callable[[], object]] = field(default_factory=dict)

    def answer(self, api: ApiServer, request: Request) -> Raw | Iterator[bytes | None]:
        """An object, or the pieces of a log, None where there is nothing yet."""
        events = _EVENTS.fullmatch(request.path)
        if events:
            self._check("list", "events", events["namespace"])
            return {"kind": "EventList", "metadata": {}, "items": self._events(request, events["namespace"])}
        found = _PATH.fullmatch(request.path)
        if not found or found["group"] != GROUPS.get(found["resource"]):
            raise RefusalError(404, "the server could not find the requested resource")
        resource = "/".join(filter(None, (found["resource"], found["part"])))
        self._check(_VERBS[request.method], resource, found["namespace"])
        raw = self._object(api, found["resource"], found["namespace"], found["name"])
        if found["part"] == "log":
            return self._log(raw, request.query)
        if found["part"] == "scale":
            return self._scale(api, found["resource"], raw, request)
        return self._plain(api, found["resource"], raw, request)

    def _check(self, verb: str, resource: str, namespace: str | None) -> None:
        self.asked.append(f"{verb} {resource}")
        self.before.pop(f"{verb} {resource}", lambda: None)()
        if f"{verb} {resource}" in self.forbidden:
            message = f'{resource} is forbidden: User "probe" cannot {verb} resource "{resource}" in "{namespace}"'
            raise RefusalError(403, message)

    def _object(self, api: ApiServer, resource: str, namespace: str | None, name: str) -> Raw:
        try:
            raw = api.named(resource, name)
        except StopIteration:
            raise RefusalError(404, f'{resource} "{name}" not found') from None
        assert raw["metadata"].get("namespace") == namespace
        return raw

    def _plain(self, api: ApiServer, resource: str, raw: Raw, request: Request) -> Raw:
        if request.method == "DELETE":
            wanted = json.loads(request.body).get("preconditions", {}).get("uid")
            if wanted not in (None, raw["metadata"]["uid"]):
                raise RefusalError(409, "the UID in the precondition does not match")
            api.delete(resource, raw["metadata"]["name"])
        elif request.method == "PATCH":
            raw = copy.deepcopy(raw)
            raw["spec"].update(_merge(request)["spec"])
            api.put(resource, raw)
        return raw

    def _scale(self, api: ApiServer, resource: str, raw: Raw, request: Request) -> Raw:
        if request.method == "PATCH":
            wanted, raw = _merge(request), copy.deepcopy(raw)
            if wanted["metadata"]["resourceVersion"] != raw["metadata"]["resourceVersion"]:
                raise RefusalError(409, "the object has been modified")
            raw["spec"]["replicas"] = wanted["spec"]["replicas"]
            api.put(resource, raw)
        return {"kind": "Scale", "metadata": raw["metadata"], "spec": {"replicas": raw["spec"]["replicas"]}}

    def _events(self, request: Request, namespace: str | None) -> list[Raw]:
        wanted = dict(part.split("=") for part in request.query["fieldSelector"].split(","))
        return [
            event
            for event in self.events
            if all(event["involvedObject"][key.removeprefix("involvedObject.")] == it for key, it in wanted.items())
            and namespace in (None, event["metadata"]["namespace"])
        ]

    def _log(self, raw: Raw, query: dict[str, str]) -> Iterator[bytes | None]:
        place = (raw["metadata"]["name"], query["container"])
        if place in self.waiting:
            raise RefusalError(
                400, f'container "{place[1]}" in pod "{place[0]}" is waiting to start: ContainerCreating'
            )
        printed = self.logs[place]
        since = time.monotonic() - float(query.get("sinceSeconds", "inf"))
        chosen = [line for line in printed.lines if line[1] >= since]
        first = max(0, len(chosen) - int(query.get("tailLines", len(chosen))))
        return _pieces(printed, len(printed.lines) - len(chosen) + first, query)

    def print(self, pod: str, container: str, *lines: str) -> None:
        printed = self.logs[pod, container].lines
        for line in lines:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{len(printed) % 1000:03}Z"
            printed.append((now, time.monotonic(), line))


def _pieces(printed: Printed, at: int, query: dict[str, str]) -> Iterator[bytes | None]:
    stamped, follow, left = query.get("timestamps") == "true", query.get("follow") == "true", query.get("limitBytes")
    while True:
        for stamp, _, line in printed.lines[at:]:
            at += 1
            yield (f"{stamp} {line}\n" if stamped else f"{line}\n").encode()[: int(left) if left else None]
        if printed.ended or not follow:
            return
        if at == len(printed.lines):
            yield None


def _merge(request: Request) -> Any:
    if request.content_type != "application/merge-patch+json":
        raise RefusalError(415, "the body of the request was in an unknown format")
    return json.loads(request.body)
