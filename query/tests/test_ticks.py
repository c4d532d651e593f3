"""A tick is joined in parts, so that nobody waits for all of it; whoever reads between two of them finds one moment."""

import asyncio
from typing import Any

import orjson
import pytest

from query.instruments import MERGED
from query.organization import following
from query.settings import QuerySettings
from query.tests.conftest import Log, eventually
from query.tests.machines import NOON, Machine, Reporter, Socket, World
from query.tests.reading import Reader, nodes, now, told
from query.tests.test_log import HOSTS
from query.topologies import topologies

WEB = Machine("web", {1: "nginx"}, [Socket(1, ("10.0.0.1", 5000), ("10.0.0.2", 80))])
DB = Machine("db", {2: "postgres"})
#: The same when both ends of one more connection are reported, and one process is another.
LATER_WEB = Machine("web", {3: "envoy"}, [Socket(3, ("10.0.0.1", 5001), ("10.0.0.2", 5432))])
LATER_DB = Machine("db", {2: "postgres"}, [Socket(2, ("10.0.0.2", 5432), ("10.0.0.1", 5001), incoming=True)])
ALL = {"unconnected": "show", "pseudo": "show"}


class Tick:
    """A tick of two parts: one probe's report in each. Every topology is read and watched."""

    def __init__(self) -> None:
        self.world = World()
        self.reporters = [Reporter("web", WEB), Reporter("db", DB)]
        self.world.full(*self.reporters)
        self.views = {name: self.world.view(name, **ALL) for name in topologies()}
        self.readers = {name: Reader(view) for name, view in self.views.items()}
        self.wakes = {name: asyncio.Event() for name in self.views}
        for name, view in self.views.items():
            self.readers[name].read()
            view.wakes.add(self.wakes[name])

    def part(self, number: int, later: Machine) -> None:
        self.reporters[number].machines = [later]
        self.world.report(self.reporters[number].probe, self.reporters[number].delta(NOON + 3000))
        self.world.join()

    def answers(self) -> dict[str, Any]:
        return {name: nodes(view) for name, view in self.views.items()}


def test_who_reads_between_two_parts_finds_one_moment() -> None:
    tick = Tick()
    before = tick.answers()
    tick.part(0, LATER_WEB)
    assert tick.answers() == before  # made once for all who ask in a tick
    for name, view in tick.views.items():
        shown = now(view)
        assert shown == nodes(tick.world.view_anew(name, **ALL))
        for node in shown:
            assert view.details(node) is not None
        late = Reader(view)
        late.read()
        assert late.nodes == shown
    assert "web;3" in now(tick.views["processes"])
    assert "web;1" not in now(tick.views["processes"])
    tick.part(1, LATER_DB)
    tick.world.views.tell()
    assert tick.answers() == {name: nodes(tick.world.view_anew(name, **ALL)) for name in tick.views}
    assert tick.answers() != before


def test_watchers_are_told_once_of_all_parts_of_a_tick() -> None:
    tick = Tick()
    merged = MERGED.read()
    tick.part(0, LATER_WEB)
    assert not any(wake.is_set() for wake in tick.wakes.values())
    tick.part(1, LATER_DB)
    assert not any(wake.is_set() for wake in tick.wakes.values())
    tick.world.views.tell()
    assert tick.wakes["processes"].is_set()
    reader = tick.readers["processes"]
    told_before = len(reader.told)
    reader.read()
    assert len(reader.told) == told_before + 1
    assert MERGED.read() == merged
    assert reader.nodes.keys() == nodes(reader.view).keys()
    assert reader.nodes["web;3"]["adjacency"] == ["db;2"]
    measured = [node for node, _, moment, _ in reader.samples if moment == NOON + 3000]
    assert measured == ["web;3", "db;2"]


def test_a_watcher_who_looks_between_two_parts_misses_nothing_of_the_next() -> None:
    tick = Tick()
    reader = tick.readers["processes"]
    tick.part(0, LATER_WEB)
    reader.read()
    tick.part(1, LATER_DB)
    reader.read()
    assert reader.nodes["web;3"]["adjacency"] == ["db;2"]
    assert [node for node, _, moment, _ in reader.samples if moment == NOON + 3000] == ["web;3", "db;2"]
    assert reader.view.since(reader.cursor) is None


async def test_what_arrives_is_joined_before_readers_are_told(
    log: Log, query_settings: QuerySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = 3600.0
    monkeypatch.setattr("query.organization._PARTS", hour / 0.02)
    await log.create("o")
    async with following(query_settings.model_copy(update={"tick": hour})) as organizations:
        organization = await organizations.get("o")
        view = await organization.view(topologies()["hosts"], HOSTS)
        wake = asyncio.Event()
        view.wakes.add(wake)
        reader = Reader(view)
        await log.full("o", Reporter("first", Machine("a")))
        await asyncio.wait_for(wake.wait(), 60)  # nobody was told anything for a tick
        reader.read()
        assert nodes(view).keys() == {"a;<host>"}
        wake.clear()
        for number in range(3):
            await log.full("o", Reporter(f"later{number}", Machine(f"b{number}")))
            await eventually(lambda number=number: f"b{number};<host>" in now(view))
        assert nodes(view).keys() == {"a;<host>"}
        assert not wake.is_set()
        organization.tell()
        assert wake.is_set()
        (event,) = told(view, reader.cursor)
        added = [node["id"] for node in orjson.loads(event.partition(b"data: ")[2])["add"]]
        assert added == ["b0;<host>", "b1;<host>", "b2;<host>"]
        assert nodes(view).keys() == {"a;<host>", *added}
