"""A reader that stays: it connects again whenever its stream ends, as a browser does, and keeps what it was shown."""

import threading
import time
from http.client import HTTPException
from types import TracebackType
from typing import Any, Self

from tests.e2e.client import Api, Event

_AGAIN = 0.1  # seconds until it connects again


class Watcher:
    """Watches a topology in a thread of its own for as long as the context lasts.

    Attributes:
        nodes: what a page would show now, by id.
        newest: when the newest sample of each node was taken, unix milliseconds.
        connections: how often a stream was opened.
        resets: how often what was shown began anew.
        failures: how often it was said that what is shown is not up to date.
        silence: the longest time between two events, in seconds.
        problem: why it watches no more; None while it does.
    """

    def __init__(self, api: Api, topology: str) -> None:
        self.nodes: dict[str, Any] = {}
        self.newest: dict[str, int] = {}
        self.connections = self.resets = self.failures = 0
        self.silence = 0.0
        self.problem: BaseException | None = None
        self._api = api
        self._topology = topology
        self._cursor = ""
        self._heard = time.monotonic()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves it behind: it may wait for an event that does not come."""
        self._ending.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                with self._api.watch(self._topology, self._cursor) as events:
                    self.connections += 1
                    for event in events:
                        self._take(event)
            except (OSError, HTTPException):
                self._ending.wait(_AGAIN)
            except Exception as error:  # noqa: BLE001 - whoever started it is told
                self.problem = error
                return

    def _take(self, event: Event) -> None:
        heard = time.monotonic()
        self.silence, self._heard = max(self.silence, heard - self._heard), heard
        self._cursor = event.id or self._cursor
        self.failures += event.kind == "failure"
        if event.kind == "reset":
            self.resets += 1
            self.nodes = {}
        if event.kind in ("reset", "update"):
            self._apply(event.data)

    def _apply(self, data: Any) -> None:
        # A new mapping each time: others look at it meanwhile.
        changed = {node["id"]: node for node in (*data["add"], *data["update"])}
        self.nodes = {name: node for name, node in (self.nodes | changed).items() if name not in data["remove"]}
        for block in data["metrics"]:
            self.newest |= dict.fromkeys(block["nodes"], block["times"][-1])
