import asyncio
import itertools
from pathlib import Path

import grpc
import pytest

from scope_sdk import Builder, NodeFacts, Publisher, PublishError, ReportError, Service, Topology, ids, publish_once
from scope_sdk.publish import KEPT
from scope_sdk.report.merge import facts
from scope_sdk.report.state import ProbeState

from .far_end import Answer, Behaviour, FarEnd, Refusal


def builder(number: int = 0, processes: int = 40) -> Builder:
    """A host with so many processes that a delta is worth it; `number` is what changes."""
    host = ids.host_id("one")
    made = Builder().add(NodeFacts(Topology.TOPOLOGY_HOST, host, "one", attributes={"number": number}))
    for pid in range(processes):
        node = NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("one", pid), "process", parents=[host])
        made.add(node)
    return made


def service(far_end: FarEnd) -> Service:
    return Service(far_end.target, token="secret")


def kinds(far_end: FarEnd) -> list[str]:
    return ["delta" if received.report.base else "full" for received in far_end.received]


def at(number: int, answer: Answer | Refusal) -> Behaviour:
    """Answers so at the report of that number in order of arrival (from 1), and well otherwise."""
    arrivals = itertools.count(1)
    return lambda _: answer if next(arrivals) == number else Answer.ACKNOWLEDGE


def superseded(by: int) -> Refusal:
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "EPOCH_SUPERSEDED", {"epoch": str(by)})


def seen(far_end: FarEnd) -> float:
    """What a reader of the log knows at the end."""
    state = ProbeState()
    for received in far_end.received:
        state.offer(received.report)
    return facts(state, 1).numbers["number"]


async def test_reports_are_acknowledged_the_first_full_the_others_against_it() -> None:
    async with FarEnd().serving() as far_end, Publisher(service(far_end), probe_id="p1", version="7") as publisher:
        for number in range(4):
            assert await publisher.publish(builder(number))
        assert publisher.connected
        assert publisher.acknowledged is not None
        assert publisher.acknowledged.number == far_end.received[-1].report.number

    assert kinds(far_end) == ["full", "delta", "delta", "delta"]
    assert {received.report.base for received in far_end.received[1:]} == {far_end.received[0].report.number}
    assert seen(far_end) == 3
    first = far_end.received[0]
    assert first.request.version == "7"
    assert first.metadata["authorization"] == "Scope-Probe token=secret"
    assert first.metadata["x-scope-probe-id"] == "p1"


async def test_a_delta_larger_than_half_of_the_full_is_sent_as_a_full() -> None:
    async with FarEnd().serving() as far_end, Publisher(service(far_end)) as publisher:
        await publisher.publish(builder(processes=4))
        await publisher.publish(builder(processes=40))
    assert kinds(far_end) == ["full", "full"]


async def test_a_full_report_goes_out_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FarEnd().serving() as far_end, Publisher(service(far_end)) as publisher:
        await publisher.publish(builder(1))
        await publisher.publish(builder(2))
        monkeypatch.setattr("scope_sdk._series.FULL_EVERY_SECONDS", 0.0)
        await publisher.publish(builder(3))
    assert kinds(far_end) == ["full", "delta", "full"]


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN])
async def test_a_broken_stream_is_opened_again_and_the_report_sent_again_as_a_full(code: grpc.StatusCode) -> None:
    far_end = FarEnd(at(2, Refusal(code)))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder(1))
        assert await publisher.publish(builder(2))
        assert publisher.dropped == 0
    assert kinds(far_end) == ["full", "delta", "full"]
    assert [received.stream for received in far_end.received] == [1, 1, 2]
    assert seen(far_end) == 2


async def test_a_full_report_without_acknowledgement_is_sent_again_under_its_number() -> None:
    far_end = FarEnd(at(1, Refusal(grpc.StatusCode.INTERNAL)))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder())
    assert far_end.received[0].request.report == far_end.received[1].request.report


async def test_while_the_service_is_away_the_oldest_are_dropped_counted_and_reported() -> None:
    far_end = FarEnd()
    async with far_end.serving():
        pass
    async with Publisher(service(far_end)) as publisher:
        outcomes = [publisher.publish(builder(number)) for number in range(KEPT + 3)]
        assert not any(await asyncio.gather(*outcomes[:3]))
        assert publisher.dropped == 3
        assert not publisher.connected
        async with far_end.serving():
            assert all(await asyncio.gather(*outcomes[3:]))
    assert far_end.received[-1].request.dropped == 3
    assert len(far_end.received) == KEPT
    assert seen(far_end) == KEPT + 2


async def test_it_says_what_is_wrong_and_goes_on_when_that_is_over() -> None:
    full: Answer | Refusal = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "LOG_FULL")
    far_end = FarEnd(lambda _: full)
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        stored = publisher.publish(builder())
        async with asyncio.timeout(60):
            while publisher.problem != "LOG_FULL: as the test wants it":
                await asyncio.sleep(0.005)
        full = Answer.ACKNOWLEDGE
        assert await stored
        assert publisher.connected
        assert not publisher.problem


async def test_a_refused_token_is_tried_again_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_sdk.backoff._MOST", 0.01)
    far_end = FarEnd(at(1, Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_INVALID")))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder())
    assert far_end.streams == 2


def too_fast(milliseconds: int) -> Refusal:
    return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED", retry_after_ms=milliseconds)


async def test_reports_that_come_too_fast_wait_as_long_as_the_service_says_and_go_out_as_they_are() -> None:
    far_end = FarEnd(at(2, too_fast(300)))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder(1))
        began = asyncio.get_running_loop().time()
        assert await publisher.publish(builder(2))
        assert asyncio.get_running_loop().time() - began >= 0.3
        assert await publisher.publish(builder(3))
        assert publisher.dropped == 0
    assert kinds(far_end) == ["full", "delta", "delta", "delta"]
    refused, again = far_end.received[1:3]
    assert (refused.request.report, refused.stream, again.stream) == (again.request.report, 1, 2)


async def test_publish_once_waits_where_it_comes_too_fast() -> None:
    far_end = FarEnd(at(1, too_fast(10)))
    async with far_end.serving():
        assert (await publish_once(service(far_end), builder())).number == 1
    assert far_end.streams == 2


async def test_a_superseded_epoch_is_continued_after_the_other(tmp_path: Path) -> None:
    newest = 2**52
    far_end = FarEnd(at(2, superseded(newest)))
    async with far_end.serving():
        async with Publisher(service(far_end), tmp_path) as publisher:
            await publisher.publish(builder(1))
            assert await publisher.publish(builder(2))
            probe_id = publisher.probe_id
        assert far_end.received[-1].report.epoch == newest + 1
        assert kinds(far_end) == ["full", "delta", "full"]
        async with Publisher(service(far_end), tmp_path) as publisher:
            assert publisher.probe_id == probe_id
            await publisher.publish(builder(3))
    assert far_end.received[-1].report.epoch == newest + 2
    assert seen(far_end) == 3


async def test_a_report_that_is_refused_is_dropped_and_the_next_is_sent() -> None:
    far_end = FarEnd(at(2, Refusal(grpc.StatusCode.INVALID_ARGUMENT, "REPORT_INVALID")))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder(1))
        assert not await publisher.publish(builder(2))
        assert await publisher.publish(builder(3))
        assert publisher.dropped == 1
    assert kinds(far_end) == ["full", "delta", "full"]


async def test_a_draining_service_is_left_for_the_next_stream_without_losing_the_thread() -> None:
    far_end = FarEnd(at(1, Answer.DRAIN))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder(1))
        await far_end.until(lambda: far_end.ended == [1])
        assert await publisher.publish(builder(2))
        assert publisher.connected
    assert [received.stream for received in far_end.received] == [1, 2]
    assert kinds(far_end) == ["full", "delta"]


async def test_a_service_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_sdk._stream.ACKNOWLEDGED_WITHIN", 1.0)
    far_end = FarEnd(at(1, Answer.SILENCE))
    async with far_end.serving(), Publisher(service(far_end)) as publisher:
        assert await publisher.publish(builder())
    assert far_end.streams > 1


async def test_a_report_that_cannot_be_sent_is_refused_or_dropped_and_the_next_is_sent() -> None:
    moments = range(1_700_000_000_000, 1_700_000_000_300)
    many = builder()
    for pid, moment in enumerate(moments):
        node = NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("one", pid), metrics={"cpu": [(moment, 1.0)]})
        many.add(node)
    dangling = Builder().add(NodeFacts(Topology.TOPOLOGY_PROCESS, ids.process_id("one", 1)))

    async with FarEnd().serving() as far_end, Publisher(service(far_end)) as publisher:
        with pytest.raises(ReportError, match=r"nodes\[0\].id: its host"):
            publisher.publish(dangling)
        assert not await publisher.publish(many)
        assert "240 different moments" in publisher.problem
        assert await publisher.publish(builder())


async def test_closing_does_not_wait_for_a_service_that_is_away() -> None:
    far_end = FarEnd()
    async with far_end.serving():
        pass
    async with Publisher(service(far_end)) as publisher:
        stored = publisher.publish(builder())
    assert not await stored
    with pytest.raises(RuntimeError, match="open"):
        publisher.publish(builder())


async def test_publish_once_returns_when_the_report_is_stored() -> None:
    async with FarEnd().serving() as far_end:
        stored = await publish_once(service(far_end), builder(5), version="1")
        await publish_once(service(far_end), builder(5))
    assert [received.report.base for received in far_end.received] == [0, 0]
    assert stored == (far_end.received[0].report.epoch, 1)
    assert len({received.metadata["x-scope-probe-id"] for received in far_end.received}) == 2


async def test_publish_once_continues_after_a_superseded_epoch() -> None:
    newest = 2**52
    far_end = FarEnd(at(1, superseded(newest)))
    async with far_end.serving():
        assert await publish_once(service(far_end), builder(), probe_id="p1") == (newest + 1, 1)


async def test_publish_once_raises_what_the_service_says() -> None:
    missing = {"permission": "report.upload"}
    far_end = FarEnd(at(1, Refusal(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", missing)))
    async with far_end.serving():
        with pytest.raises(PublishError, match="PERMISSION_DENIED: as the test") as raised:
            await publish_once(service(far_end), builder())
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert raised.value.metadata == missing
    with pytest.raises(PublishError, match="UNAVAILABLE"):
        await publish_once(service(far_end), builder())


@pytest.mark.parametrize(("probe_id", "version"), [("a b", ""), ("a" * 65, ""), ("a", "1" * 65)])
async def test_names_that_the_service_would_refuse_are_refused_at_once(probe_id: str, version: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        Publisher(Service("127.0.0.1:1", token=""), probe_id=probe_id, version=version)
