"""Who may have a probe do what is decided where the probe's stream is, and the audit is told before the probe."""

import asyncio

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from nats.aio.client import Client

from conftest import NatsServer
from control.auditing import action, record
from control.subjects import new_call, new_replica
from control.tests.probing import connected
from control.tests.replicas import ORGANIZATION, Replica, info, make_audit, reason, recorded
from mesh import pipes
from mesh.bus import make
from mesh.contracts import service_of
from scope.control.v1.messages_pb2 import Invocation, InvokeRequest, Offer
from scope.pipe.v1.messages_pb2 import Record
from users.audit.filing import RECORD_BYTES

ASKED = pytest.mark.parametrize("asked", [0, 1], ids=["here", "over the bus"])
ATTACH = "docker_attach_container"


async def answered(replica: Replica, control: str, *, holds: str) -> str:
    """How a call ends of somebody with a permission, by its reason; OK where it is done."""
    try:
        await replica.invoke(control, by={"permissions": ["report.view", holds]})
    except grpc.aio.AioRpcError as error:
        return reason(error)
    return "OK"


@ASKED
@pytest.mark.parametrize(
    ("offer", "needed"),
    [
        (Offer(control="do"), "host.exec"),
        (Offer(control="do", permission="pod.delete"), "pod.delete"),
        (Offer(control="do", permission="whatever.it.is"), "host.exec"),
        (Offer(control="docker_stop_container", permission="report.view"), "container.stop"),
        (Offer(control="host_exec", permission="report.view"), "host.exec"),
    ],
)
async def test_who_lacks_the_permission_is_told_which_and_the_probe_nothing(
    replicas: list[Replica], audit: Client, asked: int, offer: Offer, needed: str
) -> None:
    async with connected(replicas[0], [offer]) as probe:
        with pytest.raises(grpc.aio.AioRpcError, match=needed) as refused:
            await replicas[asked].invoke(offer.control, by={"permissions": ["report.view", "replicas.update"]})
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert info(refused.value).reason == "PERMISSION_DENIED"
        assert info(refused.value).metadata["permission"] == needed
        [told] = await recorded(audit)
        assert (told.refused, told.after["control"]) == (True, offer.control)
        asking = asyncio.create_task(answered(replicas[asked], offer.control, holds=needed))
        await probe.done(await probe.call())
        assert await asking == "OK"
        assert probe.told == 1


@ASKED
async def test_the_audit_is_told_whose_call_it_is_and_what_it_does_without_secrets(
    replicas: list[Replica], audit: Client, asked: int
) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[asked].invoke(signal="TERM", api_Token="s3cret", long="x" * 1000))
        call = await probe.call()
        [told] = await recorded(audit)  # before the probe has answered
        assert (told.action, told.refused, told.subject) == ("control:node:do", False, "box;<host>")
        assert MessageToDict(told.after) == {
            "probe": "probe-1",
            "control": "do",
            "arguments": {"signal": "TERM", "api_Token": "...", "long": "x" * 256},
        }
        identity = await replicas[0].mesh.renewals.verifier.verify_then(told.identity, told.time.seconds)
        assert (identity.subject, identity.organization) == ("somebody", ORGANIZATION)
        assert identity.audience == service_of("/scope.control.v1.ControlService/Invoke")
        assert call.arguments["api_Token"] == "s3cret"
        await probe.done(call)
        await asking


def test_what_the_audit_is_told_is_never_more_than_it_takes() -> None:
    arguments = {f"{number}" + "ä" * 500: "ä" * 500 for number in range(64)}
    request = InvokeRequest(probe_id="p" * 64, node_id="ä" * 2200, control="ä" * 256, arguments=arguments)
    made = record(Invocation(identity="x" * 4096, call=new_call(new_replica()), request=request), refused=False)
    assert made.ByteSize() < RECORD_BYTES
    assert len(made.subject) == 254


def test_actions_are_made_of_letters() -> None:
    assert action("docker_stop_container") == "control:node:docker_stop_container"
    assert action("Do-2 it!") == "control:node:do___it_"
    assert len(action("x" * 256)) == 100


@pytest.mark.parametrize("audited", [False])
@ASKED
async def test_what_the_audit_is_not_told_is_not_done(
    replicas: list[Replica], nats_server: NatsServer, asked: int, audited: bool
) -> None:
    async with connected(replicas[0]) as probe:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replicas[asked].invoke()
        assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE")
        assert await answered(replicas[asked], "do", holds="nothing") == "AUDIT_UNAVAILABLE"
        users = await make_audit(nats_server)
        asking = asyncio.create_task(answered(replicas[asked], "do", holds="host.exec"))
        await probe.done(await probe.call())
        assert await asking == "OK"
        assert probe.told == 1
        await users.close()


@ASKED
@pytest.mark.parametrize("permission", ["container.attach.in", "container.exec"])
async def test_a_pipe_is_recorded_before_its_caller_hears_of_it(
    replicas: list[Replica], pipe: Client, asked: int, permission: str
) -> None:
    read_only = permission != "container.attach.in"
    person = {"permissions": ["report.view", "container.attach.out", permission], "subject": "d" * 32}
    async with connected(replicas[0], [ATTACH]) as probe:
        asking = asyncio.create_task(replicas[asked].invoke(ATTACH, by=person))
        call = await probe.call()
        assert call.read_only == read_only
        await probe.done(call, opens_pipe=True, raw_tty=True)
        answer = await asking
        assert (answer.pipe, answer.raw_tty, answer.read_only) == (call.pipe, True, read_only)
        assert len(answer.pipe) == 32
        kept = await (await pipes.bucket(pipe, 1, make)).get(call.pipe)
        record_ = Record.FromString(kept.value or b"")
        assert (record_.organization, record_.user) == (ORGANIZATION, "d" * 32)
        assert record_.permission == ("container.attach.out" if read_only else "container.attach.in")
        about = record_.pipe
        assert (about.id, about.probe_id, about.node_id) == (call.pipe, "probe-1", "box;<host>")
        assert (about.control, about.raw_tty, about.read_only) == (ATTACH, True, read_only)
        assert about.HasField("opened_at")
        assert not about.HasField("ended_at")


async def test_a_call_that_opens_no_pipe_answers_none(replicas: list[Replica]) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[0].invoke())
        call = await probe.call()
        assert len(call.pipe) == 32
        await probe.done(call)
        assert (await asking).pipe == ""
