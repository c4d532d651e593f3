"""Who sends too much is told so and loses nothing; nobody else notices."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status

from collection.limits import FRESH, Probes, Rate
from collection.reports import entry
from collection.tests.conftest import CLAIMS, ORGANIZATION, PATIENCE, Served
from collection.tests.test_publish import DOCUMENT, FULL, reason, report
from mesh.errors import ServiceError, unavailable
from mesh.tests.authority import somebody
from scope.collection.v1.messages_pb2 import PublishDocumentRequest, PublishRequest
from scope.errors.v1.errors_pb2 import Reason
from scope_sdk.report.limits import REPORT_BYTES


class Clock:
    """Goes when it is told to."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def taken(rate: Rate, name: str) -> int:
    """How many tokens somebody gets at once."""
    count = 0
    with suppress(ServiceError):
        while count < 1000:
            rate.take(name)
            count += 1
    return count


def test_a_rate_allows_bursts_and_comes_back_with_time() -> None:
    clock = Clock()
    rate = Rate(10, "probe", "SETTING", clock)
    assert taken(rate, "one") == 30
    assert taken(rate, "two") == 30
    clock.seconds += 1
    assert taken(rate, "one") == 10
    clock.seconds += 100
    assert taken(rate, "one") == 30


def test_who_is_silent_is_not_remembered() -> None:
    clock = Clock()
    rate = Rate(10, "probe", "SETTING", clock)
    for number in range(1000):
        rate.take(str(number))
        clock.seconds += 0.01
    assert len(rate._buckets._full) <= 30


async def test_a_thousand_new_probes_cost_one_question_and_as_many_as_may_be_are_admitted() -> None:
    asked = 0

    async def ask(_: str) -> set[str]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return {"known"}

    probes = Probes(ask, 800, Clock())
    admitting = [probes.admit(ORGANIZATION, f"probe-{number}") for number in range(1000)]
    outcomes = await asyncio.gather(*admitting, probes.admit(ORGANIZATION, "known"), return_exceptions=True)
    assert (outcomes.count(None), asked) == (800, 1)
    refused = next(outcome for outcome in outcomes if outcome)
    assert isinstance(refused, ServiceError)
    assert "PROBES_PER_ORGANIZATION" in refused.message


async def test_the_log_is_asked_again_after_a_while_and_at_once_where_it_did_not_answer() -> None:
    answers: list[set[str]] = [{"one"}, set()]

    async def ask(_: str) -> set[str]:
        if not answers:
            raise unavailable(Reason.REASON_LOG_UNAVAILABLE, "away")
        return answers.pop(0)

    clock = Clock()
    probes = Probes(ask, 1, clock)
    with pytest.raises(ServiceError):
        await probes.admit(ORGANIZATION, "two")
    clock.seconds += FRESH
    await probes.admit(ORGANIZATION, "two")
    clock.seconds += FRESH
    for _ in range(2):
        with pytest.raises(ServiceError, match="away"):
            await probes.admit(ORGANIZATION, "three")
    answers.append(set())
    await probes.admit(ORGANIZATION, "three")


@asynccontextmanager
async def stream(served: Served, probe: str = "probe-1") -> AsyncIterator[Any]:
    call = served.stub.Publish(metadata=served.metadata("Publish", probe))
    yield call
    call.cancel()


async def stored(call: Any, number: int) -> None:
    await call.write(PublishRequest(report=report(number)))
    assert (await call.read()).acknowledged.number == number


async def stored_until_refused(call: Any, numbers: range = range(1, 100)) -> tuple[int, grpc.aio.AioRpcError]:
    """The number of the last report that was stored, and why the next was not."""
    for number in numbers:
        try:
            await stored(call, number)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call.read()
            return number - 1, refused.value
    raise AssertionError("was never refused")


def wait_of(error: grpc.aio.AioRpcError) -> float:
    """How long the error says to wait."""
    status, wait = rpc_status.from_call(error), RetryInfo()
    assert status is not None
    assert status.details[1].Unpack(wait)
    return float(wait.retry_delay.ToTimedelta().total_seconds())


@pytest.mark.parametrize("limits", [{"reports_per_second_per_probe": 1}])
async def test_a_probe_beyond_its_rate_is_told_how_long_to_wait_and_others_go_on(served: Served) -> None:
    async with stream(served) as call, stream(served, "probe-2") as other:
        count, error = await stored_until_refused(call)
        assert count >= 3
        assert (error.code(), reason(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED")
        assert "REPORTS_PER_SECOND_PER_PROBE" in (error.details() or "")
        await stored(other, 1)
    await asyncio.sleep(wait_of(error))  # as the service asks for
    async with stream(served) as call:
        await stored(call, count + 1)
    assert len(await served.stored(FULL)) == count + 1


@pytest.mark.parametrize("limits", [{"reports_per_second_per_organization": 1}])
async def test_the_rate_of_an_organization_holds_for_its_probes_together(served: Served) -> None:
    began = time.monotonic()
    async with stream(served) as call, stream(served, "probe-2") as other:
        first, error = await stored_until_refused(call)
        assert "REPORTS_PER_SECOND_PER_ORGANIZATION" in (error.details() or "")
        second, error = await stored_until_refused(other)
        assert reason(error) == "RATE_EXCEEDED"
    assert first + second <= 3 + (time.monotonic() - began)


def own_limits(served: Served, monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    """What users says of the organization from now on, to new streams and to those that are open."""
    monkeypatch.setitem(CLAIMS, "limits", limits)
    served.authority.worth["probe:1"] = somebody(**CLAIMS, audience="collection")


async def test_an_organizations_own_lower_rate_holds_for_a_stream_that_is_open(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stream(served) as call, asyncio.timeout(PATIENCE):
        await stored(call, 1)
        own_limits(served, monkeypatch, reports_per_second=1)
        _, error = await stored_until_refused(call, range(2, 1_000_000))
    assert reason(error) == "RATE_EXCEEDED"
    assert "1 reports a second" in (error.details() or "")
    assert "the organization's own limit" in (error.details() or "")


@pytest.mark.parametrize("limits", [{"reports_per_second_per_organization": 1}])
async def test_an_organizations_own_higher_rate_holds(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    own_limits(served, monkeypatch, reports_per_second=1000)
    async with stream(served) as call:
        for number in range(1, 20):
            await stored(call, number)


@pytest.mark.parametrize(("limits", "own"), [({}, 2), ({"probes_per_organization": 1}, 2)])
async def test_an_organization_has_as_many_probes_as_its_own_limit_says(
    served: Served, monkeypatch: pytest.MonkeyPatch, own: int
) -> None:
    own_limits(served, monkeypatch, probes=own)
    for number in range(own):
        async with stream(served, f"probe-{number}") as call:
            await stored(call, 1)
    async with stream(served, "one-too-many") as call:
        count, error = await stored_until_refused(call)
    assert (count, reason(error)) == (0, "LIMIT_EXCEEDED")
    assert "the organization's own limit" in (error.details() or "")


async def test_an_organization_that_may_have_no_probes_has_none(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_limits(served, monkeypatch, probes=0)
    async with stream(served) as call:
        assert (await stored_until_refused(call))[0] == 0


async def test_probes_of_an_organization_that_is_refused_are_told_why(served: Served) -> None:
    refused = CLAIMS | {"permissions": [], "refused": "unpaid"}
    async with stream(served) as call, asyncio.timeout(PATIENCE):
        await stored(call, 1)
        served.authority.worth["probe:1"] = somebody(**refused, audience="collection")
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await call.read()
    assert (ended.value.code(), reason(ended.value)) == (grpc.StatusCode.PERMISSION_DENIED, "ORGANIZATION_REFUSED")
    assert ended.value.details() == "unpaid"


@pytest.mark.parametrize("limits", [{"reports_per_second_per_probe": 1}])
async def test_documents_count_as_reports(served: Served) -> None:
    async def publish() -> None:
        request, metadata = PublishDocumentRequest(document=DOCUMENT), served.metadata("PublishDocument")
        await served.stub.PublishDocument(request, metadata=metadata)

    outcomes = await asyncio.gather(*(publish() for _ in range(10)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert 0 < len(refused) <= 7
    assert {reason(error) for error in refused} == {"RATE_EXCEEDED"}
    assert ("retry-after", "1") in list(refused[0].trailing_metadata() or ())


@pytest.mark.parametrize("limits", [{"probes_per_organization": 2}])
async def test_a_probe_too_many_is_refused_and_those_that_are_known_go_on(served: Served) -> None:
    for probe in ("probe-1", "probe-2"):
        async with stream(served, probe) as call:
            await stored(call, 1)
    async with stream(served, "probe-3") as call:
        count, error = await stored_until_refused(call)
    assert (count, error.code(), reason(error)) == (0, grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert "PROBES_PER_ORGANIZATION" in (error.details() or "")
    async with stream(served) as call:
        await stored(call, 2)
    assert not await served.stored(f"reports.{ORGANIZATION}.probe-3.full")


@pytest.mark.parametrize("limits", [{"streams_per_credential": 2}])
async def test_a_stream_too_many_is_refused_until_another_ends(served: Served) -> None:
    async with stream(served) as first, stream(served, "probe-2") as second:
        await stored(first, 1)
        await stored(second, 1)
        async with stream(served, "probe-3") as third:
            _, error = await stored_until_refused(third)
        assert (error.code(), reason(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
        assert "STREAMS_PER_CREDENTIAL" in (error.details() or "")
        await first.done_writing()
        assert await first.read() is grpc.aio.EOF
        async with stream(served, "probe-3") as third:
            await stored(third, 1)


def test_a_report_of_more_bytes_than_fit_into_the_log_is_refused_before_it_is_read() -> None:
    with pytest.raises(ServiceError, match=f"report: has {REPORT_BYTES + 1} bytes") as refused:
        entry(PublishRequest(report=b"\xff" * (REPORT_BYTES + 1)), ORGANIZATION, "probe-1")
    assert refused.value.reason_name == "REPORT_INVALID"
