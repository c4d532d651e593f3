"""Both ways to watch say the same, field by field."""

import math
from typing import Any

import grpc
import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.errors import ServiceError, not_found
from mesh.tests.authority import Authority
from query.events import EVENTS
from query.messages import MESSAGES
from query.organization import Organizations
from query.settings import QuerySettings
from query.telling import Missed
from query.tests.conftest import Log, Served, serving
from query.tests.machines import NOON, Machine, Reporter, Socket, World
from query.tests.reading import told
from query.tests.test_join import PHASES, Simulation, steps
from query.tests.test_service import MACHINE, events, reason
from query.view import View
from scope.query.v1.change_pb2 import MetricBlock, TopologyChange
from scope.query.v1.messages_pb2 import StreamTopologyRequest, WatchTopologyRequest, WatchTopologyResponse
from scope_sdk.report import limits

#: What a stub takes in unless told otherwise.
STUB_BYTES = 4 * 1024 * 1024


def as_printed(change: TopologyChange) -> dict[str, Any]:
    """A change as the data of an event."""
    found = json_format.MessageToDict(change, always_print_fields_with_no_presence=True)
    return {**found, "metrics": [_block(block) for block in change.metrics]}


def _block(block: MetricBlock) -> dict[str, Any]:
    values = {
        metric: [None if math.isnan(value) else value for value in column.values]
        for metric, column in block.values.items()
    }
    return {"nodes": list(block.nodes), "times": list(block.times), "values": values}


def messages(view: View, missed: Missed) -> list[WatchTopologyResponse]:
    """The messages that tell what was missed."""
    found, at = list[WatchTopologyResponse](), 0
    while not found or at < len(missed.difference):
        message, at = view.part(MESSAGES, missed, at)
        found.append(message)
    return found


def summed(changes: list[dict[str, Any]]) -> dict[str, list[Any]]:
    kinds = ("add", "update", "remove", "metrics")
    missing = [change["missing"] for change in changes if "missing" in change]
    return {**{kind: [item for change in changes for item in change[kind]] for kind in kinds}, "missing": missing}


def compare(view: View, cursor: str) -> str:
    """Compares what both ways tell a reader who was there; answers where it is then."""
    missed = view.since(cursor)
    if missed is None:
        return cursor
    printed, typed = told(view, cursor), messages(view, missed)
    kinds = [event.split(b"\n")[0].removeprefix(b"event: ").decode() for event in printed]
    assert next(message.WhichOneof("event") for message in typed) == kinds[0]
    assert {message.WhichOneof("event") for message in typed[1:]} <= {"update"}
    contents = [orjson.loads(event.partition(b"data: ")[2]) for event in printed]
    changes = [as_printed(getattr(message, message.WhichOneof("event") or "")) for message in typed]
    assert summed(changes) == summed(contents)
    assert [bool(message.cursor) for message in typed] == [False] * (len(typed) - 1) + [True]
    assert f"id: {typed[-1].cursor}\n".encode() in printed[-1]
    return typed[-1].cursor


@settings(max_examples=100, deadline=None, phases=PHASES)
@given(steps, st.lists(st.booleans(), min_size=12, max_size=12))
def test_both_say_the_same_to_readers_who_keep_up_and_to_others(
    sequence: list[tuple[str, str, Any]], looks: list[bool]
) -> None:
    simulation = Simulation()
    cursors = {name: compare(view, "") for name, view in simulation.views.items()}
    for step, looks_now in zip(sequence, looks, strict=False):
        simulation.do(*step)
        simulation.world.settle()
        for name, view in simulation.views.items():
            cursors[name] = compare(view, cursors[name] if looks_now else "")


def test_measurements_and_their_absence() -> None:
    world = World()
    reporter = Reporter("p", Machine("a", {1: "one", 2: "two"}))
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    cursor = compare(view, "")
    world.report("p", reporter.delta(NOON + 3000))
    world.settle()
    missed = view.since(cursor)
    assert missed is not None
    (message,) = messages(view, missed)
    (block,) = message.update.metrics
    # Processes were measured at the second of the two moments at which their host was.
    assert list(block.times) == [NOON + 2000, NOON + 3000]
    assert list(block.nodes) == ["a;1", "a;2"]
    assert repr(list(block.values["cpu"].values)) == "[nan, 0.01, nan, 0.02]"
    assert compare(view, cursor) == message.cursor


def test_watchers_at_one_place_share_the_message() -> None:
    world = World()
    world.full(Reporter("p", MACHINE))
    view = world.view("hosts")
    missed = view.since("")
    assert missed is not None
    assert view.since("") is missed
    assert view.part(MESSAGES, missed, 0)[0] is view.part(MESSAGES, missed, 0)[0]


def test_nobody_makes_messages_for_readers_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    reporter = Reporter("p", MACHINE)
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    monkeypatch.setattr(view, "summary", None)
    world.report("p", reporter.delta())
    world.settle()
    assert told(view, "")


def test_messages_are_below_what_a_stub_takes() -> None:
    world = World()
    text = "x" * limits.TEXT_LENGTH
    machines = [Machine(f"h{number}", attributes={"kernel_version": text}) for number in range(100)]
    world.full(*(Reporter(machine.name, machine) for machine in machines))
    view = world.view("hosts")
    missed = view.since("")
    assert missed is not None
    found = messages(view, missed)
    assert max(message.ByteSize() for message in found) < STUB_BYTES
    assert sum(len(message.reset.add) + len(message.update.add) for message in found) == 100
    compare(view, "")


def test_a_message_has_at_most_500_nodes() -> None:
    world = World()
    world.full(Reporter("p", Machine("a", dict.fromkeys(range(1, 1201), "name"))))
    view = world.view("processes", unconnected="show")
    missed = view.since("")
    assert missed is not None
    assert [len(message.reset.add) + len(message.update.add) for message in messages(view, missed)] == [500, 500, 200]


def test_many_measurements_of_one_report_are_told_in_several_messages() -> None:
    world = World()
    reporter = Reporter("p", Machine("a" * 1000, dict.fromkeys(range(1, 6001), "name")))
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    cursor = compare(view, "")
    world.report("p", reporter.delta(NOON + 3000))
    world.settle()
    missed = view.since(cursor)
    assert missed is not None
    found = messages(view, missed)
    assert max(message.ByteSize() for message in found) < STUB_BYTES
    measured = [node for message in found for block in message.update.metrics for node in block.nodes]
    assert len(measured) == len(set(measured)) == 6000
    compare(view, cursor)


def test_what_is_no_change_is_said_alike() -> None:
    error: ServiceError = not_found("topology", "nonsense")
    failure, end = EVENTS.failure(error), EVENTS.end("DRAIN", "this replica leaves")
    printed = orjson.loads(failure.partition(b"data: ")[2])
    typed = json_format.MessageToDict(MESSAGES.failure(error).failure)
    assert (failure.split(b"\n")[0], printed) == (b"event: failure", typed)
    ended = MESSAGES.end("DRAIN", "this replica leaves").end
    assert orjson.loads(end.partition(b"data: ")[2]) == {"reason": ended.reason, "message": ended.message}
    assert EVENTS.alive == b":\n\n"
    assert MESSAGES.alive.WhichOneof("event") == "heartbeat"


async def test_both_ways_over_grpc(log: Log, served: Served) -> None:
    await log.create("o")
    machine = Machine("a", {1: "one", 2: "two"}, [Socket(1, ("10.0.0.1", 5), ("8.8.8.8", 53))])
    reporter = Reporter("p", machine)
    await log.full("o", reporter)
    printed = events(
        served.stub.StreamTopology(
            StreamTopologyRequest(topology="processes", unconnected="show"), metadata=served.metadata("StreamTopology")
        )
    )
    call = served.stub.WatchTopology(
        WatchTopologyRequest(topology="processes", unconnected="show"), metadata=served.metadata("WatchTopology")
    )
    name, cursor, data = await anext(printed)
    first = await anext(aiter(call))
    assert (first.WhichOneof("event"), first.cursor, as_printed(first.reset)) == (name, cursor, data)
    machine.processes = {1: "uno", 3: "three"}
    await log.append("o", "p", reporter.delta(NOON + 3000))
    name, cursor, data = await anext(printed)
    update = await anext(aiter(call))
    assert (update.WhichOneof("event"), update.cursor, as_printed(update.update)) == (name, cursor, data)
    assert all(data[kind] for kind in ("add", "update", "remove", "metrics"))
    # Cut off and back: only what was missed.
    call.cancel()
    again = served.stub.WatchTopology(
        WatchTopologyRequest(topology="processes", unconnected="show", cursor=first.cursor),
        metadata=served.metadata("WatchTopology"),
    )
    assert as_printed((await anext(aiter(again))).update) == data
    served.mesh.draining.set()
    last = [message async for message in again][-1]
    assert (last.end.reason, last.cursor) == ("DRAIN", "")


@pytest.mark.parametrize("cursor", ["", "nonsense", "-", "0000000000000000-1", "9" * 4096, "\x00", "\u0661-\u0662"])
async def test_a_cursor_that_is_not_known_starts_anew(log: Log, served: Served, cursor: str) -> None:
    await log.create("o")
    request = WatchTopologyRequest(topology="hosts", cursor=cursor)
    call = served.stub.WatchTopology(request, metadata=served.metadata("WatchTopology"))
    assert (await anext(aiter(call))).WhichOneof("event") == "reset"


@pytest.mark.parametrize(
    ("request_", "code", "why"),
    [
        (WatchTopologyRequest(topology="nonsense"), grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
        (WatchTopologyRequest(), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (WatchTopologyRequest(topology="x" * 65), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (
            WatchTopologyRequest(topology="hosts", cursor="x" * 4097),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_FIELD",
        ),
    ],
)
async def test_what_is_refused(
    log: Log, served: Served, request_: WatchTopologyRequest, code: grpc.StatusCode, why: str
) -> None:
    await log.create("o")
    call = served.stub.WatchTopology(request_, metadata=served.metadata("WatchTopology"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(call))
    assert (caught.value.code(), reason(caught.value)) == (code, why)


async def test_both_ways_count_as_watches_of_one_person(
    log: Log, authority: Authority, query_settings: QuerySettings, organizations: Organizations
) -> None:
    await log.create("o")
    bounded = query_settings.model_copy(update={"watches_per_user": 1})
    async with serving(authority, bounded, organizations) as served:
        request = StreamTopologyRequest(topology="hosts")
        first = served.stub.StreamTopology(request, metadata=served.metadata("StreamTopology"))
        await anext(events(first))
        second = served.stub.WatchTopology(
            WatchTopologyRequest(topology="hosts"), metadata=served.metadata("WatchTopology")
        )
        with pytest.raises(grpc.aio.AioRpcError, match="WATCHES_PER_USER") as caught:
            await anext(aiter(second))
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
