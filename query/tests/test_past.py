"""Past moments, read from a real report log."""

import asyncio
import time
from datetime import UTC, datetime

import grpc
import orjson
import pytest
from nats.js.api import StreamConfig

from mesh.errors import ServiceError
from query import past
from query.organization import Organizations
from query.past import parse
from query.tests.conftest import Log, Served, eventually
from query.tests.machines import Machine, Reporter
from query.tests.test_service import reason
from scope.query.v1.messages_pb2 import (
    GetHistoryRequest,
    GetHistoryResponse,
    GetNodeRequest,
    GetTopologyRequest,
    ListProbesRequest,
    RenderTopologyRequest,
)


def printed(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


async def hosts(served: Served, at: float | None) -> set[str]:
    request = GetTopologyRequest(topology="hosts", timestamp="" if at is None else printed(at))
    answer = await served.stub.GetTopology(request, metadata=served.metadata("GetTopology"))
    return set(answer.nodes)


async def test_each_moment_is_as_it_was(log: Log, served: Served) -> None:
    await log.create("o")
    moments = []
    first, second = Reporter("p", Machine("a")), Reporter("q", Machine("b", {7: "seven"}))
    for reporter in (first, second):
        await log.full("o", reporter)
        moments.append(time.time())
    first.machines = [Machine("c")]
    await log.append("o", "p", first.delta())
    moments.append(time.time())
    assert [await hosts(served, at) for at in moments] == [
        {"a;<host>"},
        {"a;<host>", "b;<host>"},
        {"c;<host>", "b;<host>"},
    ]
    assert await hosts(served, None) == {"c;<host>", "b;<host>"}


async def test_every_read_takes_a_moment(log: Log, served: Served) -> None:
    await log.create("o")
    reporter = Reporter("p", Machine("a"))
    await log.full("o", reporter)
    then = printed(time.time())
    reporter.machines = [Machine("c")]
    await log.full("o", reporter)
    stub, metadata = served.stub, served.metadata
    body = await stub.RenderTopology(
        RenderTopologyRequest(topology="hosts", timestamp=then), metadata=metadata("RenderTopology")
    )
    assert set(orjson.loads(body.data)["nodes"]) == {"a;<host>"}
    node = await stub.GetNode(
        GetNodeRequest(topology="hosts", node_id="a;<host>", timestamp=then), metadata=metadata("GetNode")
    )
    assert [metric.id for metric in node.node.metrics] == ["cpu", "load1"]
    probes = [
        probe async for probe in stub.ListProbes(ListProbesRequest(timestamp=then), metadata=metadata("ListProbes"))
    ]
    assert [probe.hostname for probe in probes] == ["a"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetNode(
            GetNodeRequest(topology="hosts", node_id="c;<host>", timestamp=then), metadata=metadata("GetNode")
        )
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


async def test_nothing_can_be_done_to_the_past(log: Log, served: Served) -> None:
    await log.create("o")
    reporter = Reporter("p", Machine("a", controls=["host_exec"]))
    await log.full("o", reporter)

    async def offered(timestamp: str) -> list[str]:
        request = GetNodeRequest(topology="hosts", node_id="a;<host>", timestamp=timestamp)
        return [
            one.id for one in (await served.stub.GetNode(request, metadata=served.metadata("GetNode"))).node.controls
        ]

    assert await offered(printed(time.time())) == []
    assert await offered("") == ["host_exec"]


async def test_what_was_silent_for_long_was_gone_then_too(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a")))
    now = time.time()
    gone_after = past._SKEW - 1
    organizations.past._settings.gone_after = gone_after
    assert list((await organizations.past.get("o", now)).model.probes) == ["p"]
    assert not (await organizations.past.get("o", now + gone_after + 0.5)).model.probes


async def test_a_moment_outside_of_the_log_is_refused_with_its_range(log: Log, served: Served) -> None:
    before = time.time()
    for at in (before - 60, before + 3600):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await hosts(served, at)
        assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.OUT_OF_RANGE, "NOT_RETAINED")
        assert "holds nothing yet" in str(refused.value.details())
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a")))
    for at in (before - 60, before + 3600):
        with pytest.raises(grpc.aio.AioRpcError, match=r"it holds from 20..-..-..T..:..:..Z to 20") as refused:
            await hosts(served, at)
        assert reason(refused.value) == "NOT_RETAINED"


async def test_once_the_beginning_is_gone_only_what_is_certain_is_answered(log: Log, served: Served) -> None:
    await log.create("o")
    reporter = Reporter("p", Machine("a"))
    await log.full("o", reporter)
    await log.full("o", reporter)
    config = StreamConfig(name="reports-o", subjects=["reports.o.>"], max_bytes=1 << 24, max_msgs=1, allow_direct=True)
    await (await log.client()).jetstream().update_stream(config)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await hosts(served, time.time())
    assert reason(refused.value) == "NOT_RETAINED"
    said = await history(served)
    assert (said.HasField("oldest"), said.HasField("newest")) == (False, True)


async def history(served: Served) -> GetHistoryResponse:
    answer: GetHistoryResponse = await served.stub.GetHistory(
        GetHistoryRequest(), metadata=served.metadata("GetHistory")
    )
    return answer


async def test_the_first_moment_that_can_be_asked_for_is_told(log: Log, served: Served) -> None:
    assert not (await history(served)).ListFields()
    await log.create("o")
    assert not (await history(served)).ListFields()
    reporter = Reporter("p", Machine("a"))
    await log.full("o", reporter)
    first = await history(served)
    assert first.oldest == first.newest
    oldest = first.oldest.ToMilliseconds() / 1_000
    await log.append("o", "p", reporter.delta())
    later = await history(served)
    assert (later.oldest, later.newest.ToNanoseconds() > later.oldest.ToNanoseconds()) == (first.oldest, True)
    assert await hosts(served, oldest) == {"a;<host>"}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await hosts(served, oldest - 0.001)
    assert reason(refused.value) == "NOT_RETAINED"


async def test_what_collection_did_not_store_is_not_believed(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a")))
    await log.append("o", "q", Reporter("q", Machine("b")).full(), mesh_key=b"x" * 32)
    await log.append("o", "r", Reporter("r", Machine("c")).full(), body=b"\xff")
    found = await organizations.past.get("o", time.time())
    assert ([*found.model.probes], found.model.missing.unusable_reports) == (["p"], 2)


async def test_more_probes_than_the_log_answers_for_at_once(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    for number in range(1_030):
        await log.full("o", Reporter(f"p{number}", Machine(f"h{number}")))
    found = await organizations.past.get("o", time.time())
    assert len(found.model.probes) == 1_030


async def test_moments_that_are_kept_are_bounded(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a")))
    start = time.time()
    first = await organizations.past.get("o", start)
    assert await organizations.past.get("o", start) is first
    for step in range(1, past._KEPT + 1):
        await organizations.past.get("o", start + step / 1000)
    assert await organizations.past.get("o", start) is not first


async def test_nobody_waits_for_more_than_one_moment_of_another_organization(
    log: Log, organizations: Organizations
) -> None:
    for organization in ("greedy", "other"):
        await log.create(organization)
        await log.full(organization, Reporter("p", Machine("a")))
    now, order = time.time(), list[str]()

    async def read(organization: str, at: float) -> None:
        await organizations.past.get(organization, at)
        order.append(organization)

    await asyncio.gather(*(read("greedy", now + number / 1_000) for number in range(10)), read("other", now))
    assert order.index("other") <= 1


async def test_an_unreachable_log_is_said(nats_server: object, log: Log, served: Served) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a")))
    now = time.time()
    log.server.stop()

    async def refused() -> bool:
        try:
            await hosts(served, now)
        except grpc.aio.AioRpcError as error:
            return reason(error) == "LOG_UNAVAILABLE"
        return False

    await eventually(refused)
    log.server.start()


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2026-11-22", "2026-11-22T12:00:00", "1795348800", "2026-13-22T12:00:00Z"),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="timestamp: must be a moment"):
        parse(text)


def test_moments_are_read_as_rfc_3339_writes_them() -> None:
    assert parse("") is None
    assert parse("1970-01-01T00:00:01.5Z") == parse("1970-01-01T01:00:01.500+01:00") == 1.5
