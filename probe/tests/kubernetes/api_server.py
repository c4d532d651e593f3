"""An API server on loopback: lists and watches as the documentation of Kubernetes' API says, of objects given to it."""

import copy
import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from probe.tests.kubernetes.one_object import OneObject, RefusalError, Request

Raw = dict[str, Any]

TOKEN = "token-of-a-test"
PATHS = {
    "pods": "/api/v1/pods",
    "services": "/api/v1/services",
    "namespaces": "/api/v1/namespaces",
    "nodes": "/api/v1/nodes",
    "deployments": "/apis/apps/v1/deployments",
    "replicasets": "/apis/apps/v1/replicasets",
    "daemonsets": "/apis/apps/v1/daemonsets",
    "statefulsets": "/apis/apps/v1/statefulsets",
    "jobs": "/apis/batch/v1/jobs",
    "cronjobs": "/apis/batch/v1/cronjobs",
}


class ApiServer:
    """What a test may do to it. Everything else is asked for over HTTP."""

    def __init__(self) -> None:
        self.version = 1000
        #: (name of the resource, parameters) of each request, in order.
        self.requests: list[tuple[str, dict[str, str]]] = []
        #: What is answered instead, by resource.
        self.refusals: dict[str, int] = {}
        #: Too old versions: told in the stream as watches do, or as the answer to the request.
        self.gone_in_stream = True
        self.changed = threading.Condition()
        #: Watches under way.
        self.watches: set[int] = set()
        #: What requests about one object find.
        self.one = OneObject()
        self._objects: dict[str, dict[str, Raw]] = defaultdict(dict)
        self._events: dict[str, list[tuple[int, str, Raw]]] = defaultdict(list)
        self._oldest = 0
        self._pages: dict[str, list[Raw]] = {}
        self.cuts = 0
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def put(self, resource: str, *objects: Raw) -> None:
        """Creates or changes objects."""
        with self.changed:
            for raw in objects:
                self._happened(
                    resource, "MODIFIED" if raw["metadata"]["uid"] in self._objects[resource] else "ADDED", raw
                )

    def change(self, resource: str, name: str, **fields: Any) -> None:
        """Changes fields of the object's status."""
        raw = copy.deepcopy(self.named(resource, name))
        raw.setdefault("status", {}).update(fields)
        self.put(resource, raw)

    def delete(self, resource: str, name: str) -> None:
        with self.changed:
            self._happened(resource, "DELETED", self.named(resource, name))

    def named(self, resource: str, name: str) -> Raw:
        return next(raw for raw in self._objects[resource].values() if raw["metadata"]["name"] == name)

    def print(self, pod: str, container: str, *lines: str) -> None:
        """Has a container print lines."""
        with self.changed:
            self.one.print(pod, container, *lines)
            self.changed.notify_all()

    def end_log(self, pod: str, container: str) -> None:
        """Ends a container."""
        with self.changed:
            self.one.logs[pod, container].ended = True
            self.changed.notify_all()

    def bookmark(self, resource: str) -> None:
        """Tells watches how far this is."""
        with self.changed:
            self._happened(resource, "BOOKMARK", {"metadata": {}})

    def compact(self) -> None:
        """Forgets what happened; versions until now are too old, and lists under way are as well."""
        with self.changed:
            self.version += 1
            self._oldest = self.version
            self._events.clear()
            self._pages.clear()

    def cut(self) -> None:
        """Breaks every watch."""
        with self.changed:
            self.cuts += 1
            self.changed.notify_all()

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Bound", (Handler,), {"api": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self.cut()

    def kubeconfig(self, folder: Path) -> Path:
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
                    "users": [{"name": "probe", "user": {"token": TOKEN}}],
                    "contexts": [{"name": "test", "context": {"cluster": "here", "user": "probe"}}],
                }
            )
        )
        return path

    def _happened(self, resource: str, what: str, raw: Raw) -> None:
        self.version += 1
        raw = copy.deepcopy(raw)
        raw["metadata"]["resourceVersion"] = str(self.version)
        if what == "DELETED":
            del self._objects[resource][raw["metadata"]["uid"]]
        elif what != "BOOKMARK":
            self._objects[resource][raw["metadata"]["uid"]] = raw
        self._events[resource].append((self.version, what, raw))
        self.changed.notify_all()

    # What the handler asks, with the condition held.

    def listed(self, resource: str, query: dict[str, str]) -> Raw | None:
        """An answer to a list; None where the token of a page is too old."""
        if "continue" in query:
            if query["continue"] not in self._pages:
                return None
            items = self._pages.pop(query["continue"])
        else:
            items = [raw for raw in self._objects[resource].values() if selected(raw, query)]
        metadata: Raw = {"resourceVersion": str(self.version)}
        limit = int(query.get("limit", 0))
        if limit and len(items) > limit and query.get("resourceVersion") != "0":
            metadata["continue"] = f"page-{len(self._pages)}-{len(items)}"
            self._pages[metadata["continue"]] = items[limit:]
            items = items[:limit]
        return {"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}

    def events(self, resource: str, query: dict[str, str]) -> Iterator[Raw | None]:
        """What happened since; None: nothing yet, wait. Ends when the watch is cut."""
        since, cuts = int(query["resourceVersion"]), self.cuts
        if since < self._oldest:
            yield {"type": "ERROR", "object": status(410, "Expired")}
            return
        while True:
            news = [event for event in self._events[resource] if event[0] > since]
            for version, what, raw in news:
                since = version
                if what == "BOOKMARK" or selected(raw, query):
                    yield {"type": what, "object": raw}
            if not news and cuts != self.cuts:
                return
            if not news:
                yield None


def selected(raw: Raw, query: dict[str, str]) -> bool:
    """Only the selector that probes use."""
    field, _, value = query.get("fieldSelector", "").partition("=")
    assert field in ("", "spec.nodeName")
    return not field or raw["spec"].get("nodeName") == value


NAMES = {path: name for name, path in PATHS.items()}


def status(code: int, reason: str) -> Raw:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": reason,
    }


class Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path not in NAMES:
            self._one()
            return
        resource, query = NAMES[url.path], dict(parse_qsl(url.query))
        with self.api.changed:
            self.api.requests.append((resource, query))
            self.api.changed.notify_all()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, status(401, "Unauthorized"))
        elif resource in self.api.refusals:
            self._answer(self.api.refusals[resource], status(self.api.refusals[resource], "Refused"))
        elif query.get("watch") == "true":
            self._watch(resource, query)
        else:
            with self.api.changed:
                answer = self.api.listed(resource, query)
            self._answer(200, answer) if answer else self._answer(410, status(410, "Expired"))

    def do_DELETE(self) -> None:
        self._one()

    def do_PATCH(self) -> None:
        self._one()

    def _one(self) -> None:
        """A request about one object."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        with self.api.changed:
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            try:
                request = Request(self.command, url.path, dict(parse_qsl(url.query)), kind, body)
                found = self.api.one.answer(self.api, request)
            except RefusalError as refusal:
                self._answer(refusal.code, {**status(refusal.code, "Refused"), "message": refusal.message})
                return
            if isinstance(found, dict):
                self._answer(200, found)
            else:
                with suppress(ConnectionError):  # whoever read it is gone
                    self._log(found)

    def _log(self, pieces: Iterator[bytes | None]) -> None:
        """Sends a log, and nothing before its first line; breaks it off where everything is cut."""
        cuts, begun = self.api.cuts, False
        self.close_connection = True
        for piece in pieces:
            if piece is None:
                self.api.changed.wait()
                if cuts != self.api.cuts:
                    return
            else:
                begun = begun or self._begin("text/plain")
                self._chunk(piece)
        begun = begun or self._begin("text/plain")
        self._chunk(b"")

    def _begin(self, kind: str) -> bool:
        """Begins an answer that is sent in chunks, and is the last of its connection."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        return True

    def _watch(self, resource: str, query: dict[str, str]) -> None:
        with self.api.changed:
            events = self.api.events(resource, query)
            first = next(events, None)
            if first and first["type"] == "ERROR" and not self.api.gone_in_stream:
                self._answer(410, first["object"])
                return
            self._begin("application/json")
            self.api.watches.add(id(self))
            self.api.changed.notify_all()
            try:
                self._tell(first, events)
            finally:
                self.api.watches.remove(id(self))

    def _tell(self, first: Raw | None, events: Iterable[Raw | None]) -> None:
        """Sends events until the watch is cut: then without the end that a whole answer has."""
        for event in chain([first], events):
            if event is None:
                self.api.changed.wait()
            else:
                self._chunk(json.dumps(event).encode() + b"\n")

    def _chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.flush()

    def _answer(self, code: int, content: Raw) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")  # else a stopped server would go on to answer
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""
