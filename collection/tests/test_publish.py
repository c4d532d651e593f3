"""What is acknowledged is in the log, byte for byte; what is refused is not, and says why."""

import asyncio
import sys
import threading
from contextlib import suppress

import grpc
import pytest
from google.protobuf.struct_pb2 import ListValue, Value
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from collection.tests.conftest import ORGANIZATION, PATIENCE, Served
from conftest import NatsServer
from mesh import limits
from mesh.seal import Seal
from mesh.validation import validate
from scope.collection.v1.messages_pb2 import PublishDocumentRequest, PublishRequest
from scope.report.v1.document_pb2 import Document, DocumentNode
from scope.report.v1.report_pb2 import Node, Report
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import limits as report_limits

FULL = f"reports.{ORGANIZATION}.probe-1.full"
DELTA = f"reports.{ORGANIZATION}.probe-1.delta"


def report(number: int = 1, epoch: int = 1000, base: int = 0, **fields: object) -> bytes:
    host = Node(handle=1, topology=Topology.TOPOLOGY_HOST, id="box", label="box")
    nodes = {} if base else {"nodes": [host]}
    made = Report(epoch=epoch, number=number, base=base, time_unix_ms=1_700_000_000_000, **nodes)
    made.MergeFrom(Report(**fields))
    return made.SerializeToString()


def reason(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


async def test_acknowledged_reports_are_in_the_log_as_they_were_sent(served: Served) -> None:
    stream = served.stub.Publish(metadata=served.metadata("Publish"))
    sent = [report(1), report(2, base=1), report(3)]
    for number, body in enumerate(sent, start=1):
        await stream.write(PublishRequest(report=body, version="1.0", dropped=7))
        answer = await stream.read()
        assert (answer.acknowledged.epoch, answer.acknowledged.number) == (1000, number)
    await stream.done_writing()
    fulls, deltas = await served.stored(FULL), await served.stored(DELTA)
    assert [message.data for message in fulls] == [sent[0], sent[2]]
    assert [message.data for message in deltas] == [sent[1]]
    headers = deltas[0].headers
    assert headers is not None
    assert (headers["Scope-Kind"], headers["Scope-Epoch"], headers["Scope-Number"]) == ("delta", "1000", "2")
    assert (headers["Scope-Base"], headers["Scope-Version"], headers["Scope-Dropped"]) == ("1", "1.0", "7")


async def test_what_is_stored_carries_a_seal_that_holds_for_it(served: Served) -> None:
    await accepted(served)
    [message] = await served.stored(FULL)
    assert Seal(served.authority.mesh_keys).holds(FULL, message.headers or {}, message.data)


@pytest.mark.parametrize("version", ["", " ", " 1.0 ", "1: 0", "é"])
async def test_a_seal_holds_whatever_a_program_calls_its_version(served: Served, version: str) -> None:
    stream = served.stub.Publish(metadata=served.metadata("Publish"))
    await stream.write(PublishRequest(report=report(1), version=version))
    assert (await stream.read()).acknowledged.number == 1
    await stream.done_writing()
    [message] = await served.stored(FULL)
    assert Seal(served.authority.mesh_keys).holds(FULL, message.headers or {}, message.data)


async def test_a_report_sent_twice_is_stored_once(served: Served) -> None:
    for _ in range(2):
        stream = served.stub.Publish(metadata=served.metadata("Publish"))
        await stream.write(PublishRequest(report=report(1)))
        assert (await stream.read()).acknowledged.number == 1
        await stream.done_writing()
    assert len(await served.stored(FULL)) == 1


async def refusal(served: Served, request: PublishRequest, probe: str | None = "probe-1") -> grpc.aio.AioRpcError:
    stream = served.stub.Publish(metadata=served.metadata("Publish", probe))
    await stream.initial_metadata()
    with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):  # when it is refused before anything is read
        await stream.write(request)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    return refused.value


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (PublishRequest(report=b"\xff\xff\xff"), "report"),
        (PublishRequest(report=report(number=0)), "report.number"),
        (PublishRequest(report=report(removed=[1])), "report.removed"),
        (PublishRequest(report=report(), version="x" * 65), "version"),
        (PublishRequest(report=report(), version="1.0\n"), "version"),
    ],
)
async def test_what_is_not_a_report_is_refused_by_name_and_not_stored(
    served: Served, request_: PublishRequest, named: str
) -> None:
    await accepted(served)
    error = await refusal(served, request_)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert reason(error) == "REPORT_INVALID"
    assert (error.details() or "").startswith(named)
    assert len(await served.stored(FULL)) == 1


async def accepted(served: Served, epoch: int = 1000) -> None:
    stream = served.stub.Publish(metadata=served.metadata("Publish"))
    await stream.write(PublishRequest(report=report(epoch=epoch)))
    assert (await stream.read()).acknowledged.epoch == epoch
    await stream.done_writing()


async def test_an_older_epoch_is_refused_and_told_the_newest(served: Served) -> None:
    await accepted(served, epoch=2000)
    error = await refusal(served, PublishRequest(report=report(epoch=1999)))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert reason(error) == "EPOCH_SUPERSEDED"
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    assert info.metadata["epoch"] == "2000"


@pytest.mark.parametrize("probe", [None, "", "a.b", "a*", "x" * 65, "a b", ">"])
async def test_a_probe_id_that_could_leave_its_subject_is_refused(served: Served, probe: str | None) -> None:
    error = await refusal(served, PublishRequest(report=report()), probe)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "x-scope-probe-id" in (error.details() or "")


async def test_draining_is_said_and_the_stream_goes_on(served: Served) -> None:
    stream = served.stub.Publish(metadata=served.metadata("Publish"))
    await stream.write(PublishRequest(report=report(1)))
    assert (await stream.read()).HasField("acknowledged")
    served.mesh.draining.set()
    assert (await stream.read()).HasField("drain")
    await stream.write(PublishRequest(report=report(2, base=1)))
    assert (await stream.read()).acknowledged.number == 2


async def test_a_revoked_token_ends_the_stream(served: Served) -> None:
    stream = served.stub.Publish(metadata=served.metadata("Publish"))
    await stream.write(PublishRequest(report=report(1)))
    assert (await stream.read()).HasField("acknowledged")
    del served.authority.worth["probe:1"]
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await asyncio.wait_for(stream.read(), PATIENCE)
    assert reason(ended.value) == "CREDENTIAL_REVOKED"


async def test_without_the_log_a_report_is_refused_and_later_taken(served: Served, nats_server: NatsServer) -> None:
    await accepted(served, epoch=1000)
    nats_server.stop()
    error = await refusal(served, PublishRequest(report=report(epoch=1001)))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert reason(error) == "LOG_UNAVAILABLE"
    nats_server.start()
    async with asyncio.timeout(PATIENCE):
        while not await taken(served, epoch=1001):
            await asyncio.sleep(0.1)
    assert len(await served.stored(FULL)) == 2


async def taken(served: Served, epoch: int) -> bool:
    try:
        await accepted(served, epoch)
    except grpc.aio.AioRpcError as error:
        if error.code() != grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return True


DOCUMENT = Document(nodes=[DocumentNode(topology="host", id="box;<host>", label="box")])


async def test_a_document_becomes_a_full_report_of_a_new_epoch(served: Served) -> None:
    request = PublishDocumentRequest(document=DOCUMENT)
    first = await served.stub.PublishDocument(request, metadata=served.metadata("PublishDocument"))
    second = await served.stub.PublishDocument(request, metadata=served.metadata("PublishDocument"))
    assert (first.number, second.number) == (1, 1)
    assert second.epoch > first.epoch
    stored = await served.stored(FULL)
    assert [Report.FromString(message.data).epoch for message in stored] == [first.epoch, second.epoch]
    assert Report.FromString(stored[0].data).nodes[0].id == "box"


async def test_documents_of_one_moment_are_all_stored(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)
    request = PublishDocumentRequest(document=DOCUMENT)
    calls = [served.stub.PublishDocument(request, metadata=served.metadata("PublishDocument")) for _ in range(5)]
    epochs = {(await call).epoch for call in calls}
    stored = {Report.FromString(message.data).epoch for message in await served.stored(FULL)}
    assert len(epochs) == 5
    assert stored == epochs


async def test_a_document_without_a_probe_id_is_named_after_its_token_and_hosts(served: Served) -> None:
    metadata = served.metadata("PublishDocument", None)
    other = Document(nodes=[DocumentNode(topology="host", id="rack;<host>", label="rack")])
    for document in (DOCUMENT, DOCUMENT, other):
        await served.stub.PublishDocument(PublishDocumentRequest(document=document), metadata=metadata)
    subjects = {message.subject for message in await served.stored(f"reports.{ORGANIZATION}.*.full")}
    assert len(subjects) == 2


async def test_a_document_must_be_there_and_not_too_large(served: Served) -> None:
    crowded = Document(nodes=[DocumentNode()] * (report_limits.NODES + 1))
    for request, place in (
        (PublishDocumentRequest(), "document: is required"),
        (PublishDocumentRequest(document=crowded), f"document.nodes: must have at most {report_limits.NODES}"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await served.stub.PublishDocument(request, metadata=served.metadata("PublishDocument"))
        assert (refused.value.details() or "").startswith(place)


def test_the_rules_of_a_large_document_are_not_checked_field_by_field() -> None:
    node = DocumentNode(attributes={"names": Value(list_value=ListValue(values=[Value()] * 100_000))})
    request = PublishDocumentRequest(document=Document(nodes=[node]))
    called = 0

    def count(*_: object) -> None:
        nonlocal called
        called += 1

    sys.setprofile(count)
    try:
        validate(request)
    finally:
        sys.setprofile(None)
    assert called < 10_000


async def test_other_calls_go_on_beside_a_large_document(served: Served, over: threading.Event) -> None:
    hosts = [DocumentNode(topology="host", id=f"{number};<host>") for number in range(20_000)]
    large = PublishDocumentRequest(document=Document(nodes=hosts))
    publishing = served.stub.PublishDocument(large, metadata=served.metadata("PublishDocument", "large"))
    for _ in range(5):
        await served.stub.PublishDocument(
            PublishDocumentRequest(document=DOCUMENT), metadata=served.metadata("PublishDocument")
        )
    assert not publishing.done()
    over.set()
    await publishing


async def test_a_document_that_refers_to_nothing_is_refused_by_place(served: Served) -> None:
    bad = Document(nodes=[DocumentNode(topology="process", id="box;1", parents=["nowhere;<host>"])])
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await served.stub.PublishDocument(
            PublishDocumentRequest(document=bad), metadata=served.metadata("PublishDocument")
        )
    assert reason(refused.value) == "REPORT_INVALID"
    assert (refused.value.details() or "").startswith("document.nodes[0]")


def test_one_bound_holds_for_messages_everywhere() -> None:
    assert report_limits.MESSAGE_BYTES == limits.MESSAGE_BYTES
