"""Whether the matrix of faults would see that the watch shows something else than a reading."""

from typing import Any

import pytest

from tests.e2e.client import Api, Event
from tests.e2e.watcher import Watcher
from tests.load.faults import _differences, _known


def _node(name: str, label: str, value: float = 0.0) -> dict[str, Any]:
    return {"id": name, "label": label, "metrics": [{"id": "load1", "value": value}]}


def _event(kind: str, **data: Any) -> Event:
    return Event(kind, {"add": [], "update": [], "remove": [], "metrics": [], **data}, "")


class _Read(Api):
    def nodes(self, topology: str) -> dict[str, Any]:
        return {"a": _node("a", "A", 5.0), "b": _node("b", "B")}


async def _different(monkeypatch: pytest.MonkeyPatch, *events: Event) -> list[str]:
    monkeypatch.setattr("tests.load.faults._EQUAL_WITHIN", 0.0)
    watcher = Watcher(_Read(""), "hosts")
    for event in events:
        watcher._take(event)
    return [said.partition(":")[0] for said in await _differences(_Read(""), watcher)]


async def test_what_is_shown_is_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        _event("reset", add=[_node("old", "OLD")]),
        _event("reset", add=[_node("a", "?"), _node("c", "C")]),
        _event("update", add=[_node("b", "B")], update=[_node("a", "A")], remove=["c"]),
        Event("failure", {"code": 14}, ""),
    ]
    assert await _different(monkeypatch, *events) == []
    assert await _different(monkeypatch, *events[:2]) == ["a", "b", "c"]
    assert await _different(monkeypatch, *events[:1]) == ["a", "b", "old"]


def test_the_newest_sample_of_each_node_is_known() -> None:
    watcher = Watcher(_Read(""), "hosts")
    block = {"nodes": ["a", "b"], "times": [1, 2], "values": {}}
    watcher._take(_event("update", metrics=[block, {"nodes": ["b"], "times": [3], "values": {}}]))
    assert watcher.newest == {"a": 2, "b": 3}


def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="tickle: there are kill, stop, term"):
        _known("kill,tickle")
