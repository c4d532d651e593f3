"""Keeps up with one kind of objects: lists them, then watches what changes, and begins anew where that broke."""

import http
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog
from kubernetes.watch import Watch

from scope_probe.kubernetes.api import NotReachedError, RefusedError, Resource
from scope_probe.kubernetes.objects import Raw, Thing
from scope_sdk.backoff import Backoff
from scope_sdk.report.errors import ReportError

#: For how long what was known goes on to be reported when the API server does not answer any more.
KEPT_SECONDS = 300.0
#: A watch that lasted so long worked: the next one follows at once.
_STEADY_SECONDS = 10.0
#: The version is too old, or, after the server's own past was restored, in the future: the list says how it is now.
_LIST_AGAIN = frozenset({http.HTTPStatus.GONE, http.HTTPStatus.GATEWAY_TIMEOUT})


@dataclass
class Troubles:
    """What is wrong with any of the kinds. It is said once in the log, and once that all is well again."""

    _log: structlog.typing.FilteringBoundLogger = field(default_factory=structlog.get_logger, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _problems: dict[str, str] = field(default_factory=dict, init=False)

    def met(self, resource: str, problem: str) -> None:
        """One kind cannot be followed now."""
        with self._lock:
            known = problem in self._problems.values()
            self._problems[resource] = problem
        if not known:
            event = (
                "Kubernetes is not followed, or not all of it; trying again, and reporting what was known for a while"
            )
            self._log.warning(event, why=problem, kept_seconds=KEPT_SECONDS)

    def over(self, resource: str) -> None:
        """One kind can be followed."""
        with self._lock:
            known = self._problems.pop(resource, None)
            over = known is not None and not self._problems
        if over:
            self._log.info("Kubernetes is followed again")


@dataclass
class Follower:
    """The objects of one kind, as they are now, kept by a thread of its own.

    `changed` is called in that thread when what a report says of them may have changed.
    """

    resource: Resource
    troubles: Troubles
    changed: Callable[[], None]
    #: Set when the first answer came, whatever it was, or did not.
    tried: threading.Event = field(default_factory=threading.Event, init=False)
    _things: dict[str, Thing] = field(default_factory=dict, init=False)
    _version: str = field(default="", init=False)
    _lost: float | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _watch: Watch = field(default_factory=lambda: Watch("object"), init=False)
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _log: structlog.typing.FilteringBoundLogger = field(default_factory=structlog.get_logger, init=False)

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._follow, name=f"kubernetes {self.resource.name}", daemon=True).start()

    def stop(self) -> None:
        """End soon; an answer that is being waited for is not waited for by anybody else."""
        self._stopped.set()
        self._watch.stop()

    def things(self) -> list[Thing]:
        """What there is; nothing where that is not known for too long."""
        if self._lost is not None and time.monotonic() - self._lost > KEPT_SECONDS:
            return []
        with self._lock:
            return list(self._things.values())

    def _follow(self) -> None:
        backoff = Backoff()
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                self._list_and_watch()
            except RefusedError as error:
                if error.status in _LIST_AGAIN:
                    self._version = ""
                else:
                    self._failed(_problem(error, self.resource.name))
            except NotReachedError as error:
                self._failed(f"the API server is not reached: {error}")
            except Exception as error:  # noqa: BLE001 - what a proxy says in its place ends nothing here
                self._failed(f"the API server says what it should not: {error!r:.200}")
            if time.monotonic() - started > _STEADY_SECONDS:
                backoff.reset()
            self._stopped.wait(backoff.next())

    def _list_and_watch(self) -> None:
        if not self._version:
            self._list()
        for event in self.resource.events(self._version, self._reached, self._watch):
            if self._stopped.is_set():
                return
            self._take(event["type"], event["raw_object"])

    def _list(self) -> None:
        found: dict[str, Thing] = {}
        version = ""
        for page in self.resource.pages():
            found.update((thing.uid, thing) for thing in self._read(page["items"]))
            version = page["metadata"]["resourceVersion"]
            if self._stopped.is_set():
                return
        with self._lock:
            self._things = found
        self._version = version
        self._reached()
        if self.resource.none and not found:
            self._log.warning(self.resource.none)
        self.changed()

    def _take(self, happened: str, raw: Raw) -> None:
        """One event. Bookmarks say no more than how far the server is."""
        metadata = raw["metadata"]
        self._version = metadata["resourceVersion"]
        if happened == "BOOKMARK":
            return
        found = {} if happened == "DELETED" else {thing.uid: thing for thing in self._read([raw])}
        with self._lock:
            before = self._things.get(metadata["uid"])
            if found:
                self._things.update(found)
            else:
                self._things.pop(metadata["uid"], None)
        if before != found.get(metadata["uid"]):
            self.changed()

    def _read(self, objects: Iterable[Raw]) -> Iterable[Thing]:
        """Those that a report can hold."""
        for raw in objects:
            try:
                yield self.resource.read(raw)
            except (ReportError, LookupError, TypeError, ValueError):
                continue

    def _reached(self) -> None:
        self._lost = None
        self.tried.set()
        self.troubles.over(self.resource.name)

    def _failed(self, problem: str) -> None:
        if self._lost is None:
            self._lost = time.monotonic()
        self.tried.set()
        if not self._stopped.is_set():
            self.troubles.met(self.resource.name, problem)


def _problem(error: RefusedError, resource: str) -> str:
    match error.status:
        case http.HTTPStatus.UNAUTHORIZED:
            return "the API server does not accept the credential"
        case http.HTTPStatus.FORBIDDEN:
            return f"the probe's role does not let it list and watch {resource}"
        case 0:
            return f"the API server is not reached: {error.reason}"
        case _:
            return f"the API server answers {error.status} {error.reason} when asked for {resource}"
