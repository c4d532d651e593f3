"""A probe that does what it is called for, opens new streams all the time, and counts how often it did what."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager

import grpc

from control.tests.probing import Probe, connect
from control.tests.replicas import PATIENCE, Reached, reason
from scope.control.v1.messages_pb2 import Call

#: The reasons of errors by which callers know that nothing was done.
NOT_DONE = {"PROBE_NOT_CONNECTED", "AUDIT_UNAVAILABLE"}
#: For how long the probe does what it is called for, at most, and keeps a stream, in seconds.
WORKS = 0.05
KEEPS = 0.15


class Worker:
    """The probe.

    Args:
        replicas: where to connect; those that do not answer are passed over.
        seed: of its choices.
    """

    def __init__(self, replicas: Sequence[Reached], seed: int) -> None:
        self._replicas = replicas
        self._random = random.Random(seed)
        self._newest: asyncio.Future[Probe] = asyncio.get_running_loop().create_future()
        #: How often each call was done, by the number in its arguments.
        self.done: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._probes: list[Probe] = []
        self._over = False

    @property
    def streams(self) -> int:
        """How many there were."""
        return len(self._probes)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Works while the body runs."""
        self._start(self._move())
        await self._newest
        try:
            yield
        finally:
            self._over = True
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=PATIENCE)
            for probe in self._probes:
                await probe.leave()

    def _start(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.add(asyncio.create_task(work))

    async def _move(self) -> None:
        while not self._over:  # a stream that is being opened takes a cancellation for its own
            try:
                probe = await connect(self._random.choice(self._replicas))
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError, TimeoutError):
                await asyncio.sleep(0.01)
                continue
            self._probes.append(probe)
            if self._newest.done():
                self._newest = asyncio.get_running_loop().create_future()
            self._newest.set_result(probe)
            self._start(self._serve(probe))
            await asyncio.sleep(self._random.uniform(0, KEEPS))

    async def _serve(self, probe: Probe) -> None:
        while True:
            self._start(self._do(probe, await probe.next_call()))

    async def _do(self, probe: Probe, call: Call) -> None:
        number = call.arguments["number"]
        self.done[number] += 1
        await asyncio.sleep(self._random.uniform(0, WORKS))
        while not self._over:
            try:
                await probe.done(call, value=number)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await asyncio.sleep(0.01)
                probe = await self._newest
            else:
                return


async def ask(replica: Reached, number: str) -> str:
    """How a call ended: OK, or the reason of its error, or UNKNOWN where its caller cannot tell."""
    try:
        answer = await replica.invoke(number=number)
    except grpc.aio.AioRpcError as error:
        return reason(error) if error.trailing_metadata() else "UNKNOWN"
    assert answer.value == number
    return "OK"


def judge(ends: dict[str, str], done: Counter[str]) -> None:
    """Nothing was done twice, what was answered was done, and what was refused was not."""
    assert max(done.values()) == 1
    assert {number for number, end in ends.items() if end == "OK"} <= set(done)
    assert not {number for number, end in ends.items() if end in NOT_DONE} & set(done)
