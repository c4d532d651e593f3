"""What watchers are told, and that it adds up to the view whatever they missed."""

import asyncio
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from query.difference import Difference, Journal
from query.events import EVENTS
from query.telling import NODES, Missed, Shelf
from query.tests.machines import NOON, Machine, Reporter, Socket, World
from query.tests.reading import Fragments, Reader, cursor_of, now, parts, told
from query.tests.test_join import PHASES, Simulation, steps
from query.tests.test_views import nodes


def without_metrics(nodes: dict[str, Any]) -> dict[str, Any]:
    return {name: {**node, "metrics": []} for name, node in nodes.items()}


@settings(max_examples=100, deadline=None, phases=PHASES)
@given(steps, st.lists(st.tuples(st.booleans(), st.booleans()), min_size=12, max_size=12))
def test_readers_who_look_at_any_time_have_what_the_view_shows_then(
    sequence: list[tuple[str, str, Any]], moments: list[tuple[bool, bool]]
) -> None:
    simulation = Simulation()
    view = simulation.views["processes"]
    reader = Reader(view)
    for step, (ends, looks) in zip(sequence, moments, strict=False):
        simulation.do(*step)
        (simulation.world.settle if ends else simulation.world.join)()
        if looks:
            reader.read()
            assert without_metrics(reader.nodes) == without_metrics(now(view))
    simulation.world.settle()
    reader.read()
    assert without_metrics(reader.nodes) == without_metrics(now(view)) == without_metrics(nodes(view))


@settings(max_examples=100, deadline=None, phases=PHASES)
@given(steps, st.lists(st.booleans(), min_size=12, max_size=12))
def test_readers_have_what_the_view_shows(sequence: list[tuple[str, str, Any]], looks: list[bool]) -> None:
    simulation = Simulation()
    view = simulation.views["processes"]
    fast, slow = Reader(view), Reader(view)
    for step, looks_now in zip(sequence, looks, strict=False):
        simulation.do(*step)
        simulation.world.settle()
        fast.read()
        if looks_now:
            slow.read()
        assert without_metrics(fast.nodes) == without_metrics(nodes(view))
    slow.read()
    assert without_metrics(slow.nodes) == without_metrics(nodes(view))


def started() -> tuple[World, Machine, Reporter, Reader]:
    world = World()
    machine = Machine("a", {1: "one", 2: "two"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 53))])
    reporter = Reporter("p", machine)
    world.full(reporter)
    reader = Reader(world.view("processes", unconnected="show"))
    reader.read()
    return world, machine, reporter, reader


def test_the_first_event_is_a_reset() -> None:
    _, _, _, reader = started()
    assert [name for name, _ in reader.told] == ["reset"]
    assert set(reader.nodes) == {"a;1", "a;2", "out-theinternet"}
    assert reader.nodes["a;1"]["metrics"][0]["value"] == 0.01


def test_nothing_is_told_where_nothing_changed() -> None:
    world, _, _, reader = started()
    world.settle()
    assert reader.view.since(reader.cursor) is None


def test_a_metric_change_repeats_no_node() -> None:
    world, _, reporter, reader = started()
    reader.read()
    before = len(reader.told)
    world.report("p", reporter.delta(NOON + 3000))
    world.settle()
    reader.read()
    ((name, content),) = reader.told[before:]
    assert name == "update"
    assert content["add"] == content["update"] == content["remove"] == []
    assert ("a;2", "cpu", NOON + 3000, 0.02) in reader.samples
    assert b"load1" not in b"".join(told(reader.view, ""))


def test_where_only_some_nodes_have_a_metric_the_others_have_null() -> None:
    world, _, reporter, reader = started()
    delta = reporter.delta(NOON + 3000)
    column = next(column for column in delta.metrics if len(column.nodes) == 3)
    column.values[3] = float("nan")  # the host, then a;1 and a;2, two times each
    world.report("p", delta)
    world.settle()
    reader.read()
    newest = {node: value for node, _, time, value in reader.samples if time == NOON + 3000}
    assert newest == {"a;1": None, "a;2": 0.02}
    shown = nodes(reader.view)
    assert shown["a;1"]["metrics"][0]["value"] == 0.01


def test_additions_changes_and_removals() -> None:
    world, machine, reporter, reader = started()
    machine.processes = {1: "uno", 3: "three"}
    world.report("p", reporter.delta())
    world.settle()
    reader.read()
    content = reader.last_told()
    assert [node["id"] for node in content["add"]] == ["a;3"]
    assert [node["id"] for node in content["update"]] == ["a;1"]
    assert content["remove"] == ["a;2"]


def test_what_only_others_may_see_is_no_change() -> None:
    world, machine, reporter, _ = started()
    reader = Reader(world.view("processes", unconnected="show", sensitive=False))
    reader.read()
    full = reporter.full()
    index = list(full.strings).index("cmdline")
    for node in full.nodes:
        for at, key in enumerate(node.text_keys):
            if key == index:
                node.texts[at] = "other arguments"
    del full.metrics[:]
    world.report("p", full)
    world.settle()
    assert reader.view.since(reader.cursor) is None
    assert machine.processes


def test_a_cursor_of_another_replica_or_none_or_from_the_future_starts_anew() -> None:
    world, _, _, reader = started()
    view = reader.view
    other = world.view_anew(view.definition.id, unconnected="show")
    unknown = (other._cursor(1), view._cursor(99), view._cursor(-1), view._id + "-x", view._id + "-" + "9" * 5000)
    for cursor in ("", "nonsense", "-", *unknown):
        chunks = told(view, cursor)
        assert chunks[0].startswith(b"event: reset\n")
        assert cursor_of(chunks[-1]) == reader.cursor


def test_a_reader_away_for_too_long_starts_anew() -> None:
    world, machine, reporter, reader = started()
    for second in range(30):
        machine.processes = {1: f"name {second}"}
        world.report("p", reporter.delta())
        world.settle(1)
    reader.read()
    assert reader.resets == 2
    assert set(reader.nodes) == {"a;1", "out-theinternet"}


def test_readers_at_one_place_share_the_bytes() -> None:
    world, _, reporter, reader = started()
    world.report("p", reporter.delta())
    world.settle()
    (first,), (second,) = told(reader.view, reader.cursor), told(reader.view, reader.cursor)
    assert first is second


def test_what_is_kept_for_readers_at_many_places_is_bounded() -> None:
    world, machine, reporter, reader = started()
    view = reader.view
    cursors = []
    for second in range(10):
        machine.processes = {1: f"name {second}"}
        world.report("p", reporter.delta())
        world.settle(0.25)
        cursors.append(cursor_of(told(view, "")[-1]))
    usual = told(view, cursors[-2])[0]
    for cursor in cursors[:-2]:
        told(view, cursor)
        assert told(view, cursors[-2])[0] is usual
    assert len(view._missed) == 4


def test_what_is_kept_made_is_bounded_in_bytes() -> None:
    fragments = {str(number): b'"' + b"x" * 600_000 + b'"' for number in range(8)}
    source = Fragments(fragments)
    shelf = Shelf(2_000_000)
    missed = Missed(Difference(add=list(fragments)), "c", reset=True)
    first = shelf.part(EVENTS, missed, 0, source)
    assert shelf.part(EVENTS, missed, 0, source)[0] is first[0]
    for at in range(1, 8):
        shelf.part(EVENTS, missed, at, source)
        assert shelf.size <= 2_000_000
    assert shelf.part(EVENTS, missed, 7, source)[0] is shelf.part(EVENTS, missed, 7, source)[0]
    assert shelf.part(EVENTS, missed, 0, source)[0] is not first[0]
    shelf.clear()
    assert shelf.size == 0


def test_a_reader_who_stops_in_the_middle_is_told_what_there_is_when_it_goes_on() -> None:
    world = World()
    machine = Machine("a", {pid: f"name {pid}" for pid in range(1, 1201)})
    reporter = Reporter("p", machine)
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    reader = Reader(view)
    missed = view.since("")
    assert missed is not None
    event, at = view.part(EVENTS, missed, 0)
    reader.take(event)
    pids = {name: int(name.partition(";")[2]) for name in nodes(view)}
    known, gone, *_ = sorted(reader.nodes)
    later, vanished, *_ = sorted(pids.keys() - reader.nodes.keys())
    del machine.processes[pids[gone]], machine.processes[pids[vanished]]
    machine.processes |= {pids[known]: "other", pids[later]: "other", 2000: "new"}
    world.report("p", reporter.delta())
    world.settle()
    while at < len(missed.difference):
        event, at = view.part(EVENTS, missed, at)
        reader.take(event)
    assert vanished not in reader.nodes
    assert reader.nodes[later]["label"] == "other"
    assert reader.nodes[known]["label"] != "other"
    reader.cursor = cursor_of(event)
    reader.read()
    assert reader.nodes == nodes(view)
    assert reader.resets == 1


def test_a_change_wakes_who_waits() -> None:
    world, _, reporter, reader = started()
    wake = asyncio.Event()
    reader.view.wakes.add(wake)
    world.settle()
    assert not wake.is_set()
    world.report("p", reporter.delta())
    world.settle()
    assert wake.is_set()


def test_events_are_bounded_and_only_the_last_has_the_cursor() -> None:
    names = [f"n{number}" for number in range(1200)]
    fragments = {name: orjson.dumps({"id": name}) for name in names}
    found = parts(Fragments(fragments), Missed(Difference(add=names, remove=["gone"]), "view-7", reset=True))
    assert [event.split(b"\n")[0] for event in found] == [b"event: reset", b"event: update", b"event: update"]
    contents = [orjson.loads(event.partition(b"data: ")[2]) for event in found]
    assert [len(content["add"]) for content in contents] == [NODES, NODES, 200]
    assert [content["remove"] for content in contents] == [["gone"], [], []]
    assert [b"\nid: view-7\n" in event for event in found] == [False, False, True]


def test_large_nodes_make_more_events() -> None:
    fragments = {str(number): b'"' + b"x" * 600_000 + b'"' for number in range(4)}
    assert len(parts(Fragments(fragments), Missed(Difference(add=list(fragments)), "c", reset=True))) == 4


def test_an_empty_view_is_still_a_reset() -> None:
    (only,) = parts(Fragments({}), Missed(Difference(), "c", reset=True))
    assert only == b'event: reset\nid: c\ndata: {"add":[],"update":[],"remove":[],"metrics":[]}\n\n'


def test_the_journal_forgets_the_oldest_measurements_where_they_are_too_many() -> None:
    journal = Journal(kept=1e9)
    block = b"x" * (10 * 1024 * 1024)
    for step in range(10):
        journal.begin(step)
        journal.measured(block)
        journal.end()
        journal.trim(step)
    assert not journal.knows(0)
    assert journal.block(0) is None
    kept = journal.since(journal.step - 6).metrics
    assert [journal.block(number) for number in kept] == [block] * 6
