"""Whatever happens on the way, a call is done at most once, and its caller knows what can be known."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
from nats.aio.client import Client

from conftest import NatsServer
from control.asking import Asker
from control.outcomes import Awaited
from control.tests.probing import connect
from control.tests.replicas import PROBES, Reached, Replica, reason
from control.tests.working import Worker, ask, judge
from deploy.local.command import Command, free_ports
from deploy.local.running import Running
from mesh import bus
from mesh.tests.authority import Authority, somebody
from scope.auth.v1.identity_pb2 import Identity
from scope.control.v1.messages_pb2 import Invocation
from scope.control.v1.service_pb2_grpc import ControlServiceStub


@pytest.mark.parametrize("seed", range(3))
async def test_streams_that_replace_each_other_lose_nothing_and_do_nothing_twice(
    replicas: list[Replica], seed: int
) -> None:
    worker = Worker(replicas, seed)
    ends: dict[str, str] = {}
    async with worker.working():
        for start in range(0, 100, 5):
            numbers = [str(number) for number in range(start, start + 5)]
            ended = await asyncio.gather(*(ask(replicas[int(number) % 2], number) for number in numbers))
            ends |= dict(zip(numbers, ended, strict=True))
    assert worker.streams > 5
    judge(ends, worker.done)
    assert set(ends.values()) == {"OK"}, {n: (e, worker.done[n]) for n, e in ends.items() if e != "OK"}


class Process(Reached):
    """A replica that is a process."""

    running: Running


@pytest.fixture
async def processes(
    authority: Authority, nats_server: NatsServer, audit: Client, tmp_path: Path
) -> AsyncIterator[list[Process]]:
    authority.worth["probe:1"] = somebody(**PROBES, audience="control")
    key = tmp_path / "mesh.key"
    key.write_text(authority.mesh_keys.signing.hex())
    async with AsyncExitStack() as stack:
        made = []
        for port in free_ports(2):
            environment = {
                "PATH": os.environ["PATH"],
                "LISTEN": f"127.0.0.1:{port}",
                "MESH_KEY_FILE": str(key),
                "USERS_ADDRESS": authority.address,
                "NATS_URL": nats_server.url,
                "NATS_NKEY_FILE": str(nats_server.nkey_file("control")),
                "DRAIN_SECONDS": "3",
            }
            command = Command(name="control", argv=[sys.executable, "-m", "control"], environment=environment)
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            process = Process(ControlServiceStub(channel), authority)
            process.running = Running(command, tmp_path / f"{port}.log")
            stack.callback(process.running.kill)
            process.running.start()
            await asyncio.wait_for(channel.channel_ready(), 60)
            made.append(process)
        yield made


async def test_an_answer_outlives_the_replica_that_held_the_stream(processes: list[Process]) -> None:
    old = await connect(processes[0])
    asking = asyncio.create_task(processes[1].invoke(number="1"))
    call = await old.call()
    processes[0].running.kill()
    new = await connect(processes[1])
    await new.done(call, value="done")
    assert (await asking).value == "done"
    assert new.told == 0
    for probe in (old, new):
        await probe.leave()


async def test_a_replica_that_dies_with_a_call_is_not_waited_for(
    replicas: list[Replica], processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    brought, bring = asyncio.Event(), Asker._bring

    async def seen(asker: Asker, invocation: Invocation, identity: Identity, awaited: Awaited) -> None:
        await bring(asker, invocation, identity, awaited)
        await bus.flush(asker._client)
        brought.set()

    monkeypatch.setattr(Asker, "_bring", seen)
    monkeypatch.setattr("control.outcomes.SILENT_FOR", 1.0)
    old = await connect(processes[0])
    os.kill(processes[0].running.pid, signal.SIGSTOP)
    asking = asyncio.create_task(replicas[0].invoke(number="1"))
    await brought.wait()  # the bus has sent it to the replica, which does not read
    processes[0].running.kill()
    with pytest.raises(grpc.aio.AioRpcError) as lost:
        await asking
    assert (lost.value.code(), reason(lost.value)) == (grpc.StatusCode.UNKNOWN, "OUTCOME_UNKNOWN")
    new = await connect(processes[1])
    asking = asyncio.create_task(replicas[0].invoke(number="2"))
    await new.done(await new.call(), value="2")
    assert (await asking).value == "2"
    assert (old.told, new.told) == (0, 1)
    for probe in (old, new):
        await probe.leave()


async def test_calls_under_way_are_answered_when_all_replicas_leave_and_what_takes_longer_is_not_known(
    processes: list[Process],
) -> None:
    probe = await connect(processes[0])
    asking = [asyncio.create_task(process.invoke()) for process in processes for _ in range(2)]
    calls = [await probe.call() for _ in asking]
    for process in processes:
        os.kill(process.running.pid, signal.SIGTERM)
    assert (await probe.other()).HasField("drain")
    for call in calls[:2]:
        await probe.done(call, value="done")
    ends = await asyncio.gather(*asking, return_exceptions=True)
    said = sorted(reason(end) if isinstance(end, BaseException) else end.value for end in ends)
    assert said == ["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN", "done", "done"]
    await probe.leave()


async def test_replicas_that_are_killed_and_started_do_nothing_twice(processes: list[Process]) -> None:
    worker = Worker(processes, seed=1)
    ends: dict[str, str] = {}

    async def call_all() -> None:
        for start in range(0, 200, 4):
            numbers = [str(number) for number in range(start, start + 4)]
            ended = await asyncio.gather(*(ask(processes[int(number) % 2], number) for number in numbers))
            ends.update(zip(numbers, ended, strict=True))

    async with worker.working():
        calling = asyncio.create_task(call_all())
        for victim in (0, 1, 0):
            await asyncio.sleep(0.3)  # in the middle of it, wherever that is
            processes[victim].running.kill()
            await asyncio.to_thread(processes[victim].running.start)
        await calling
    judge(ends, worker.done)
    assert "OK" in ends.values()
