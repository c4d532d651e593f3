"""Whether the ledger would see that something acknowledged is gone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import nats
import orjson
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from scope.collection.v1.messages_pb2 import Acknowledged, PublishRequest, PublishResponse
from scope.collection.v1.service_pb2_grpc import CollectionServiceServicer, add_CollectionServiceServicer_to_server
from scope.report.v1.report_pb2 import Report
from scope_sdk.report.encode import Encoder
from tests.load.ledger import failures, ledger, missing, numbered
from tests.load.log import Entry
from tests.load.target import Target

if TYPE_CHECKING:
    from conftest import NatsServer
    from scope.collection.v1.service_pb2_grpc import _MaybeAsyncIterator, _ServicerContext

Decide = Callable[[Report, int], bool]


def _target(server: "NatsServer", url: str = "") -> Target:
    return Target(
        url=url, service_token="t", api_token="", nats_url=server.url, nats_key=server.nkey_file("reader"), data=None
    )


class _Collection(CollectionServiceServicer):
    """Stores and acknowledges, as far as a test lets it; `tries` counts how often a report of a probe arrived."""

    def __init__(self, stores: Decide, ends: Decide) -> None:
        self.log: Client | None = None
        self._stores = stores
        self._ends = ends
        self._tries = 0
        self.kinds: set[bool] = set()

    async def Publish(  # noqa: N802 - as the contract calls it
        self, request_iterator: "_MaybeAsyncIterator[PublishRequest]", context: "_ServicerContext"
    ) -> AsyncIterator[PublishResponse]:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        await context.send_initial_metadata(())
        assert self.log is not None
        async for request in request_iterator:
            report = Report.FromString(request.report)
            self.kinds.add(bool(report.base))
            self._tries += 1
            if self._stores(report, self._tries):
                headers = {"Scope-Epoch": str(report.epoch), "Scope-Number": str(report.number)}
                subject = f"reports.0123.{metadata['x-scope-probe-id']}.full"
                await self.log.jetstream().publish(subject, b"", headers=headers)
            if self._ends(report, self._tries):
                await context.abort(grpc.StatusCode.UNAVAILABLE, "as the test wants it")
            yield PublishResponse(acknowledged=Acknowledged(epoch=report.epoch, number=report.number))


@asynccontextmanager
async def _served(collection: _Collection, log: "NatsServer") -> AsyncIterator[str]:
    collection.log = await nats.connect(
        log.url, nkeys_seed=str(log.nkey_file("collection")), inbox_prefix="_INBOX_collection"
    )
    await collection.log.jetstream().add_stream(StreamConfig(name="reports-0123", subjects=["reports.0123.>"]))
    server = grpc.aio.server()
    add_CollectionServiceServicer_to_server(collection, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop(None)
        await collection.log.close()


async def test_an_end_that_leaves_it_open_is_a_report_sent_again_and_nothing_is_missing(
    nats_server: "NatsServer",
) -> None:
    collection = _Collection(stores=lambda *_: True, ends=lambda _, tries: tries in (2, 3))
    async with _served(collection, nats_server) as url:
        outcome = await ledger(target=_target(nats_server, url), seconds=2, probes=1)
    said = orjson.loads(outcome.json())
    assert outcome.failures == []
    assert said["acknowledged"] == said["reports"] > 3
    assert (said["missing"], said["retried"], said["refused"], said["dropped"]) == (0, 1, 0, 0)
    assert collection.kinds == {False, True}


async def test_what_was_acknowledged_and_not_stored_is_missing(
    nats_server: "NatsServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.load.ledger.LOG_WITHIN", 0.0)
    collection = _Collection(stores=lambda _, tries: tries != 3, ends=lambda *_: False)
    async with _served(collection, nats_server) as url:
        outcome = await ledger(target=_target(nats_server, url), seconds=2, probes=1)
    said = orjson.loads(outcome.json())
    assert said["acknowledged"] == said["reports"] > 3
    assert said["missing"] == 1
    assert len(outcome.failures) == 1


async def test_a_log_that_never_answers_is_not_an_empty_one(nats_server: "NatsServer") -> None:
    target = _target(nats_server)
    nats_server.stop()
    with pytest.raises((RuntimeError, OSError)):
        await missing(target, {Entry("p", 1, 1)}, within=0)
    nats_server.start()
    assert await missing(target, {Entry("p", 1, 1)}, within=0) == {Entry("p", 1, 1)}


def test_a_run_that_had_nothing_acknowledged_shows_nothing() -> None:
    assert failures([], []) == ["nothing was acknowledged"]


def test_missing_reports_are_named_as_far_as_they_are_few() -> None:
    acknowledged = [Entry("p", 1, number) for number in range(20)]
    assert failures(acknowledged, []) == []
    assert failures(acknowledged, acknowledged[:1]) == ["p, epoch 1, number 0: acknowledged, and not in the log"]
    assert failures(acknowledged, acknowledged)[-1] == "10 more are not in the log"


def test_a_delta_of_the_next_number_is_worth_while() -> None:
    encoder = Encoder(1)
    full = encoder.full(numbered("host", 0))
    delta = encoder.delta(numbered("host", 1), full)
    assert 2 * delta.ByteSize() <= full.ByteSize()
