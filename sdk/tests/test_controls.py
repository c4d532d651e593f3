import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, Literal

import grpc
import pytest

from scope.control.v1.messages_pb2 import Offer
from scope.report.v1.template_pb2 import ArgumentTemplate
from scope_sdk import (
    Builder,
    Call,
    ControlError,
    Controller,
    Controls,
    Removed,
    Topology,
)
from scope_sdk._calls import CALLS
from scope_sdk.report.standard import STANDARD

from .control_service import HOST, Caller, controller, greeting, happens
from .pipe_service import PROBE


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


async def test_calls_are_done_and_answered() -> None:
    caller = Caller()
    controls = greeting()

    @controls.control("nothing", permission="container.stop", topology=HOST)
    async def nothing(node_id: str) -> None: ...

    @controls.control("remove", topology=HOST)
    async def remove(node_id: str) -> Removed:
        return Removed(node_id)

    async with controller(caller, controls) as made:
        assert (await caller.invoke("greet", times="3")).done.value == "one;<host> greet!!!"
        assert (await caller.invoke("nothing")).WhichOneof("outcome") == "done"
        assert (await caller.invoke("remove")).done.removed_node == "one;<host>"
        assert (await caller.invoke("fly")).HasField("no_control")
        assert made.connected
        assert not made.problem
    (stream,) = caller.streams
    assert stream.metadata["x-scope-probe-id"] == PROBE
    assert stream.hello.version == "7"
    assert {(offer.control, offer.permission) for offer in stream.hello.offers} == {
        ("greet", ""),
        ("nothing", "container.stop"),
        ("remove", ""),
    }


def paint() -> Controls:
    controls = Controls()

    @controls.control("paint", label="Paint", topology=[HOST, Topology.TOPOLOGY_POD], rank=3)
    async def paint(
        node_id: str,
        *,
        colour: Colour,
        size: Literal[1, 2] = 2,
        thick: float = 0.5,
        wet: bool = False,
        note_text: str = "",
        layers: int = 1,
    ) -> str:
        return f"{colour!r} {size!r} {thick!r} {wet!r} {note_text!r} {layers!r}"

    return controls


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "the argument colour is missing"),
        ({"colour": "green"}, "the argument colour must be one of red, blue"),
        ({"colour": "red", "size": "3"}, "the argument size must be one of 1, 2"),
        ({"colour": "red", "thick": "very"}, "the argument thick must be a number"),
        ({"colour": "red", "wet": "perhaps"}, "the argument wet must be one of true, false"),
        ({"colour": "red", "layers": "1.5"}, "the argument layers must be a whole number"),
        ({"colour": "red", "shade": "dark"}, "there is no argument shade"),
    ],
)
async def test_what_is_told_wrong_is_refused_by_name(arguments: dict[str, str], words: str) -> None:
    caller = Caller()
    async with controller(caller, paint()):
        assert (await caller.invoke("paint", **arguments)).refused == words


async def test_what_is_told_becomes_what_the_function_takes() -> None:
    caller = Caller()
    async with controller(caller, paint()):
        answer = await caller.invoke("paint", colour="blue")
        assert answer.done.value == "<Colour.BLUE: 'blue'> 2 0.5 False '' 1"
        answer = await caller.invoke("paint", colour="red", size="1", thick="2", wet="true", note_text="x", layers="4")
        assert answer.done.value == "<Colour.RED: 'red'> 1 2.0 True 'x' 4"


def test_the_signature_says_how_the_control_is_shown() -> None:
    builder = paint().declare(Builder())
    assert set(builder.templates) == {HOST, Topology.TOPOLOGY_POD}
    (template,) = builder.templates[HOST].controls
    assert (template.id, template.label, template.rank) == ("paint", "Paint", 3)
    assert list(template.arguments) == [
        ArgumentTemplate(name="colour", label="Colour", choices=["red", "blue"]),
        ArgumentTemplate(name="size", label="Size", choices=["1", "2"], default_value="2"),
        ArgumentTemplate(name="thick", label="Thick", default_value="0.5"),
        ArgumentTemplate(name="wet", label="Wet", choices=["true", "false"], default_value="false"),
        ArgumentTemplate(name="note_text", label="Note text"),
        ArgumentTemplate(name="layers", label="Layers", default_value="1"),
    ]


def test_a_standard_control_is_shown_as_the_standard_says() -> None:
    controls = Controls()

    @controls.control("docker_stop_container", label="Kill")
    async def stop(node_id: str, *, timeout: int = 10) -> None: ...  # noqa: ASYNC109  # as an engine calls it

    (shown,) = controls.templates()[Topology.TOPOLOGY_CONTAINER]
    assert shown in STANDARD[Topology.TOPOLOGY_CONTAINER].controls
    assert controls.offers() == [Offer(control="docker_stop_container", permission="container.stop")]


def test_what_cannot_be_a_control_is_refused() -> None:
    controls = greeting()

    async def fine(node_id: str) -> None: ...
    async def untyped(node_id: str, *, what) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
    async def positional(node_id: str, what: str) -> None: ...
    async def odd(node_id: str, *, what: bytes) -> None: ...
    def slow(node_id: str) -> None: ...

    with pytest.raises(ValueError, match="already"):
        controls.control("greet", topology=HOST)(fine)
    with pytest.raises(ValueError, match="topology="):
        controls.control("other")(fine)
    functions: dict[Any, str] = {untyped: "what", positional: "keyword", odd: "what", slow: "async def"}
    for function, words in functions.items():
        with pytest.raises(TypeError, match=words):
            controls.control("other", topology=HOST)(function)


async def test_what_is_restricted_is_neither_offered_nor_done() -> None:
    caller = Caller()
    controls = paint()
    greeting_too = greeting()
    controls._handlers |= greeting_too._handlers
    controls._templates |= greeting_too._templates
    controls.restrict(lambda control: control != "paint")
    assert not controls.allowed("paint")
    assert controls.allowed("greet")
    assert [template.id for template in controls.templates()[HOST]] == ["greet"]
    async with controller(caller, controls):
        assert (await caller.invoke("paint", colour="red")).refused == "this probe does not allow paint"
    assert [offer.control for offer in caller.streams[0].hello.offers] == ["greet"]


async def test_a_refusal_has_its_words_and_a_failure_general_ones(caplog: pytest.LogCaptureFixture) -> None:
    controls = Controls()

    @controls.control("refuse", topology=HOST)
    async def refuse(node_id: str) -> None:
        raise ControlError("not on a Sunday")

    @controls.control("fail", topology=HOST)
    async def fail(node_id: str) -> None:
        raise ZeroDivisionError("secret")

    caller = Caller()
    async with controller(caller, controls):
        assert (await caller.invoke("refuse")).refused == "not on a Sunday"
        assert (await caller.invoke("fail")).refused == "the probe failed to do this; its log says why"
    assert "ZeroDivisionError: secret" in caplog.text


@asynccontextmanager
async def waiting(caller: Caller) -> AsyncIterator[tuple[asyncio.Event, list[str]]]:
    """Calls of `wait` last until the event is set; what happened to them is in the list."""
    go, happened = asyncio.Event(), list[str]()
    controls = greeting()

    @controls.control("wait", topology=HOST)
    async def wait(node_id: str, *, call: Call) -> str:
        happened.append(f"began {call.id}")
        try:
            await go.wait()
        except asyncio.CancelledError:
            happened.append(f"cancelled {call.id}")
            raise
        return call.id

    async with controller(caller, controls):
        yield go, happened


async def test_calls_do_not_wait_for_each_other_and_too_many_are_refused() -> None:
    caller = Caller()
    async with waiting(caller) as (go, happened):
        calls = [await caller.call("wait") for _ in range(CALLS)]
        await happens(happened, f"began {calls[-1]}")
        assert (await caller.invoke("wait")).refused == f"the probe is busy: {CALLS} controls are under way"
        go.set()
        assert [(await caller.answer(call)).done.value for call in calls] == calls
        assert (await caller.invoke("greet")).done.value


async def test_a_cancelled_call_is_stopped_and_not_answered() -> None:
    caller = Caller()
    async with waiting(caller) as (_, happened):
        call = await caller.call("wait")
        await happens(happened, f"began {call}")
        caller.cancel(call)
        await happens(happened, f"cancelled {call}")
        await caller.invoke("greet")
    assert [answer.call for _, answer in caller.answers] == ["call2"]


async def test_a_call_is_stopped_when_nobody_waits_any_more() -> None:
    caller = Caller()
    async with waiting(caller) as (_, happened):
        call = await caller.call("wait", timeout_ms=50)
        await happens(happened, f"cancelled {call}")
        assert (await caller.answer(call)).refused == "it was not done within 0.05 s"


async def test_a_call_is_never_done_twice() -> None:
    caller = Caller()
    async with waiting(caller) as (go, happened):
        call = await caller.call("wait")
        caller._calls -= 1
        await caller.call("wait")
        go.set()
        await caller.answer(call)
        caller._calls -= 1
        await caller.call("wait")
        await caller.invoke("greet")
    assert happened == [f"began {call}"]


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.OK])
async def test_an_answer_that_could_not_be_sent_goes_by_the_next_stream(code: grpc.StatusCode) -> None:
    caller = Caller()
    async with waiting(caller) as (go, happened):
        call = await caller.call("wait")
        await happens(happened, f"began {call}")
        caller.cut(code)
        await caller.until(lambda: caller.streams[0].ended)
        go.set()
        assert (await caller.answer(call)).done.value == call
        assert [stream for stream, _ in caller.answers] == [caller.streams[1]]


async def test_an_answer_that_may_not_have_arrived_is_said_again() -> None:
    caller = Caller(deaf=True)
    async with waiting(caller) as (go, happened):
        call = await caller.call("wait")
        await happens(happened, f"began {call}")
        go.set()
        await caller.until(lambda: caller.missed == 1)
        caller.deaf = False
        caller.cut()
        assert (await caller.answer(call)).done.value == call


async def test_a_draining_stream_ends_when_its_calls_are_answered_and_another_is_open_before() -> None:
    caller = Caller()
    async with waiting(caller) as (go, happened):
        call = await caller.call("wait")
        await happens(happened, f"began {call}")
        caller.drain()
        await caller.connected(2)
        assert not caller.streams[0].ended
        assert (await caller.invoke("greet")).done.value
        go.set()
        await caller.answer(call)
        await caller.until(lambda: caller.streams[0].ended)
        assert [caller.streams.index(stream) for stream, _ in caller.answers] == [1, 0]
        assert not caller.streams[1].ended


async def test_another_program_under_the_same_name_is_left_alone_for_a_while() -> None:
    caller = Caller()
    async with controller(caller, greeting()) as made:
        caller.replace()
        await caller.until(lambda: caller.streams[0].ended)
        assert made.problem == "another program takes calls as the probe p1"
        assert not made.connected
        assert len(caller.streams) == 1


async def test_a_service_that_refuses_is_tried_again_and_the_problem_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_sdk.backoff._MOST", 0.01)
    caller = Caller(refusals=[grpc.StatusCode.UNAUTHENTICATED])
    async with controller(caller, greeting()) as made:
        assert (await caller.invoke("greet")).done.value
        assert made.connected


async def test_a_service_that_is_away_is_waited_for() -> None:
    caller = Caller()
    async with Controller(caller.service, greeting(), probe_id=PROBE) as made:
        async with asyncio.timeout(60):
            while not made.problem:
                await asyncio.sleep(0.005)
        async with caller.serving():
            assert (await caller.invoke("greet")).done.value
            assert made.connected


async def test_every_call_is_done_once_whatever_is_cut() -> None:
    done: list[str] = []
    controls = Controls()

    @controls.control("do", topology=HOST)
    async def do(node_id: str, *, call: Call) -> str:
        await asyncio.sleep(chance.uniform(0, 0.02))
        done.append(call.id)
        return call.id

    chance, caller = random.Random(5), Caller()
    async with controller(caller, controls):
        for _ in range(10):
            streams = len(caller.streams)
            calls = [await caller.call("do") for _ in range(20)]
            await asyncio.sleep(chance.uniform(0, 0.02))
            chance.choice([caller.cut, caller.drain])()
            await caller.connected(streams + 1)
            received = {call for call in calls if call in done}
            for call in received:
                assert (await caller.answer(call)).done.value == call
    assert len(done) == len(set(done))
    assert len(done) > 20


@pytest.mark.parametrize(("probe_id", "version"), [("", ""), ("a b", ""), ("a", "1" * 65)])
def test_names_that_the_service_would_refuse_are_refused_at_once(probe_id: str, version: str) -> None:
    with pytest.raises(ValueError, match=r"must be said|characters"):
        Controller(Caller().service, Controls(), probe_id=probe_id, version=version)
