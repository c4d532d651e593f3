"""A probe's streams: what they begin with, how they replace each other, and what becomes of calls when they end."""

import asyncio
import secrets

import grpc
import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from conftest import NatsServer
from control.auditing import Audit
from control.tests.probing import Probe, connect, connected, hello
from control.tests.replicas import OTHER, Replica, reason, until
from mesh import bus
from scope.control.v1.messages_pb2 import Answer, ConnectRequest, Done, Hello, Invocation, Offer

ASKED = pytest.mark.parametrize("asked", [0, 1])


async def refusal(replica: Replica, *said: ConnectRequest, probe: str | None = "probe-1") -> grpc.aio.AioRpcError:
    """What a stream ends with on which this is said."""
    while True:
        stream = replica.stub.Connect(iter(said), metadata=replica.as_probe(probe))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in stream:
                pass
        # gRPC hides why a stream ended behind its own failure to write to it, at times (grpc/grpc#36066).
        if refused.value.code() is not grpc.StatusCode.INTERNAL:
            return refused.value


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ([], "hello"),
        ([ConnectRequest(answer=Answer(call="x"))], "hello"),
        ([ConnectRequest(hello=Hello(version="x" * 65))], "hello.version"),
        ([ConnectRequest(hello=Hello(version="1\n"))], "hello.version"),
        ([hello([f"control{number}" for number in range(1001)])], "hello.offers"),
        ([hello(["do", ""])], "hello.offers[1].control"),
        ([hello(["x" * 257])], "hello.offers[0].control"),
        ([hello(["a\tb"])], "hello.offers[0].control"),
        ([hello(["do", "do"])], "hello.offers[1].control"),
        ([hello([Offer(control="do", permission="x" * 65)])], "hello.offers[0].permission"),
        ([hello(), hello()], "hello"),
    ],
)
async def test_what_a_probe_says_first_is_checked(
    replicas: list[Replica], said: list[ConnectRequest], named: str
) -> None:
    error = await refusal(replicas[0], *said)
    assert (error.code(), reason(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert (error.details() or "").startswith(f"{named}: ")


@pytest.mark.parametrize("probe", [None, "", "a.b", "*", ">", "x" * 65, "a b"])
async def test_a_probe_id_that_could_leave_its_subject_is_refused(replicas: list[Replica], probe: str | None) -> None:
    assert "x-scope-probe-id" in ((await refusal(replicas[0], hello(), probe=probe)).details() or "")


@pytest.mark.parametrize("limits", [{"streams_per_credential": 1}])
async def test_streams_of_a_token_are_bounded(replicas: list[Replica]) -> None:
    async with connected(replicas[0]):
        error = await refusal(replicas[0], hello(), probe="another")
        assert reason(error) == "LIMIT_EXCEEDED"
        assert "STREAMS_PER_CREDENTIAL" in (error.details() or "")


async def test_a_revoked_token_ends_the_stream(replicas: list[Replica]) -> None:
    async with connected(replicas[0]) as probe:
        del replicas[0].authority.worth["probe:1"]
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await probe.ended()
        assert reason(ended.value) == "CREDENTIAL_REVOKED"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replicas[1].invoke()
        assert reason(refused.value) == "PROBE_NOT_CONNECTED"


@ASKED
@pytest.mark.parametrize("newer", [0, 1])
async def test_a_new_stream_replaces_the_older_one_which_ends_when_its_calls_are_answered(
    replicas: list[Replica], asked: int, newer: int
) -> None:
    async with connected(replicas[0]) as old:
        asking = asyncio.create_task(replicas[asked].invoke(number="1"))
        under_way = await old.call()
        async with connected(replicas[newer]) as new:
            assert (await old.other()).HasField("replaced")
            for number in "23456":
                again = asyncio.create_task(replicas[asked].invoke(number=number))
                await new.done(await new.call(), value=number)
                assert (await again).value == number
            assert not old.is_over
            await old.done(under_way, value="1")
            assert (await asking).value == "1"
            await old.ended()
            assert (old.told, new.told) == (1, 5)


async def test_what_was_on_its_way_is_said_before_a_stream_is_replaced(
    replicas: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    telling, left, tell, leave = asyncio.Event(), asyncio.Event(), Audit.tell, bus.leave

    async def late(audit: Audit, invocation: Invocation, *, refused: bool) -> None:
        telling.set()
        await left.wait()
        await tell(audit, invocation, refused=refused)

    async def seen(client: Client, subscription: Subscription) -> None:
        await leave(client, subscription)
        left.set()

    monkeypatch.setattr(Audit, "tell", late)
    monkeypatch.setattr(bus, "leave", seen)
    async with connected(replicas[0]) as old:
        asking = asyncio.create_task(replicas[1].invoke())
        await telling.wait()
        async with connected(replicas[1]):
            assert (await old.other()).HasField("replaced")
            assert old.told == 1
            await old.done(await old.call(), value="done")
            assert (await asking).value == "done"


async def test_a_stream_is_replaced_also_where_the_bus_goes_away_meanwhile(
    replicas: list[Replica], nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced, leave = asyncio.Event(), bus.leave

    async def away(client: Client, subscription: Subscription) -> None:
        await replaced.wait()
        await asyncio.to_thread(nats_server.stop)
        await leave(client, subscription)

    async with connected(replicas[0]) as old:
        asking = asyncio.create_task(replicas[0].invoke())
        call = await old.call()
        monkeypatch.setattr(bus, "leave", away)
        async with connected(replicas[1]):
            replaced.set()
            assert (await old.other()).HasField("replaced")
            await old.done(call, value="done")
            assert (await asking).value == "done"
            await old.ended()
            monkeypatch.undo()


@ASKED
@pytest.mark.parametrize("newer", [0, 1])
async def test_an_answer_comes_by_another_stream_where_its_own_has_ended(
    replicas: list[Replica], asked: int, newer: int
) -> None:
    old = await connect(replicas[0])
    asking = asyncio.create_task(replicas[asked].invoke())
    call = await old.call()
    await old.leave()
    async with connected(replicas[newer]) as new:
        await new.done(call, value="late")
        assert (await asking).value == "late"
        assert new.told == 0


@ASKED
async def test_a_probe_that_is_lost_leaves_open_whether_it_was_done(
    replicas: list[Replica], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control.outcomes.LOST_FOR", 0.2)
    probe = await connect(replicas[0])
    asking = asyncio.create_task(replicas[asked].invoke())
    await probe.call()
    await probe.leave()
    with pytest.raises(grpc.aio.AioRpcError) as lost:
        await asking
    assert (lost.value.code(), reason(lost.value)) == (grpc.StatusCode.UNKNOWN, "OUTCOME_UNKNOWN")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await replicas[asked].invoke()
    assert reason(refused.value) == "PROBE_NOT_CONNECTED"


async def test_a_replica_that_leaves_says_so_and_its_calls_are_answered(replicas: list[Replica]) -> None:
    async with connected(replicas[0]) as old:
        asking = [asyncio.create_task(replica.invoke()) for replica in replicas]
        calls = [await old.call() for _ in asking]
        replicas[0].mesh.draining.set()
        assert (await old.other()).HasField("drain")
        async with connected(replicas[1]) as new:
            for replica in replicas:
                again = asyncio.create_task(replica.invoke())
                await new.done(await new.call())
                await again
            for call in calls:
                await old.done(call)
            await asyncio.gather(*asking)
            assert (await old.other()).HasField("replaced")
            await old.ended()
        error = await refusal(replicas[0])
        assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INVALID_ARGUMENT}


@ASKED
async def test_another_organizations_probe_of_the_same_name_is_never_reached(
    replicas: list[Replica], asked: int
) -> None:
    async with connected(replicas[0], organization=OTHER, credential="probe:2") as theirs:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replicas[asked].invoke()
        assert reason(refused.value) == "PROBE_NOT_CONNECTED"
        async with connected(replicas[0]) as ours:
            asking = asyncio.create_task(replicas[asked].invoke())
            await ours.done(await ours.call())
            await asking
            assert theirs.told == 0


@ASKED
@pytest.mark.parametrize("forger", [{"organization": OTHER, "credential": "probe:2"}, {"probe": "probe-2"}])
async def test_what_another_probe_says_of_a_call_is_not_believed(
    replicas: list[Replica], asked: int, forger: dict[str, str]
) -> None:
    async with connected(replicas[0]) as probe, connected(replicas[1], **forger) as other:
        asking = asyncio.create_task(replicas[asked].invoke())
        call = await probe.call()
        forged = Answer(call=call.id, done=Done(value="forged"))
        for _ in range(3):
            await other.say(forged)
        await other.say(Answer(call=f"{secrets.token_hex(8)}.{secrets.token_hex(16)}", refused="nobody asked"))
        for name in ("", "*", ">", "a.b", call.id + ".x", call.id.replace(".", ">")):
            await other.say(Answer(call=name, done=Done(value="forged")))
        beside = asyncio.create_task(replicas[asked].invoke(probe=forger.get("probe", "probe-1"), by=forgers(forger)))
        await other.done(await other.call())  # all that it said before was taken in
        await beside
        await probe.done(call, value="true")
        assert (await asking).value == "true"


def forgers(forger: dict[str, str]) -> dict[str, str]:
    """What the identity says of a person who may ask that probe."""
    return {"organization": forger["organization"]} if "organization" in forger else {}


async def test_without_the_bus_nothing_is_done_and_with_it_everything_again(
    replicas: list[Replica], nats_server: NatsServer
) -> None:
    async with connected(replicas[0]) as probe:
        nats_server.stop()
        for asked, named in ((0, "AUDIT_UNAVAILABLE"), (1, "PROBE_NOT_CONNECTED")):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await replicas[asked].invoke()
            assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.UNAVAILABLE, named)
        error = await refusal(replicas[1], hello(), probe="another")
        assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE")
        assert probe.told == 0
        nats_server.start()
        for asked in (0, 1):
            await done(replicas[asked], probe)
        assert probe.told == 2


async def done(replica: Replica, probe: Probe) -> None:
    """Returns when a call was done, after those that were refused."""

    async def tried() -> bool:
        asking = asyncio.create_task(replica.invoke())
        call = asyncio.create_task(probe.call())
        await asyncio.wait([asking, call], return_when=asyncio.FIRST_COMPLETED)
        if not call.done():
            call.cancel()
            assert reason(asking.exception() or AssertionError()) in {"AUDIT_UNAVAILABLE", "PROBE_NOT_CONNECTED"}
            return False
        await probe.done(call.result())
        await asking
        return True

    await until(tried)


async def is_away(replica: Replica) -> bool:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await replica.invoke()
    return reason(refused.value) == "AUDIT_UNAVAILABLE"


async def test_an_answer_waits_for_the_bus(replicas: list[Replica], nats_server: NatsServer) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[1].invoke())
        call = await probe.call()
        nats_server.stop()
        await until(lambda: is_away(replicas[0]))
        await probe.done(call, value="here it is")
        nats_server.start()
        assert (await asking).value == "here it is"


async def test_a_replaced_stream_stays_out_of_it_when_the_bus_comes_back(
    replicas: list[Replica], nats_server: NatsServer
) -> None:
    async with connected(replicas[0]) as old:
        asking = asyncio.create_task(replicas[0].invoke())
        under_way = await old.call()
        async with connected(replicas[1]) as new:
            assert (await old.other()).HasField("replaced")
            nats_server.stop()
            nats_server.start()
            for _ in range(5):
                await done(replicas[0], new)
            await old.done(under_way)
            await asking
            assert old.told == 1
