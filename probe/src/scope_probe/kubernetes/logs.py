"""What the containers of a pod print, as they print it."""

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kubernetes import client
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from scope_probe.kubernetes.api import CONNECT_SECONDS, NotReachedError, RefusedError, answering
from scope_probe.kubernetes.asking import in_thread, words
from scope_probe.kubernetes.objects import Pod
from scope_sdk.backoff import Backoff
from scope_sdk.controls import ControlError, Ended, Session
from scope_sdk.pipes import Pipe, PipeEnded

#: What reading a log is called in rules of access.
READ = "get pods/log"
#: With how many of the lines that a container has printed already its log begins.
TAIL_LINES = 1_000
#: Of a pod, so many containers' logs are shown.
CONTAINERS = 32
#: A log that was silent for so long is asked for anew: it might be that nobody is there any more.
QUIET_SECONDS = 30.0
#: How often in a row a log is asked for again after it broke off.
_TRIES = 5
_READ_BYTES = 64 * 1024
#: A line that is longer is shown as several.
_LINE_BYTES = 64 * 1024
#: How much more than what it takes is asked for again; what was shown already is left out.
_OVERLAP_SECONDS = 2
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\S+")

Write = Callable[[Sequence[bytes]], Awaitable[None]]
"""Takes lines without their ends."""


@dataclass
class Log:
    """What one container prints."""

    core: client.CoreV1Api
    pod: Pod
    container: str
    _stopped: bool = field(default=False, init=False)
    #: When the newest line was printed, by the node's clock, and when it came, by ours.
    _newest: bytes = field(default=b"", init=False)
    _came: float = field(default=0.0, init=False)

    async def problem(self) -> str:
        """Why it cannot be read; empty where it can."""
        try:
            await in_thread(self._check)
        except (RefusedError, NotReachedError) as error:
            return words(error, READ)
        return ""

    async def follow(self, write: Write) -> None:
        """Writes its lines until the container has ended.

        Raises:
            RefusedError: it cannot be read any more.
            NotReachedError: it broke off, again and again.
        """
        backoff = Backoff()
        failures = 0
        try:
            while True:
                before = self._newest
                try:
                    await self._read(write)
                except ReadTimeoutError:
                    continue
                except HTTPError as error:
                    if before != self._newest:
                        backoff.reset()
                        failures = 0
                    failures += 1
                    if failures > _TRIES:
                        raise NotReachedError(f"the log broke off: {type(error).__name__}") from None
                    await asyncio.sleep(backoff.next())
                else:
                    return
        finally:
            self._stopped = True

    async def _read(self, write: Write) -> None:
        seen = self._newest
        response = await in_thread(self._open)
        chunks = response.stream(_READ_BYTES)
        rest = b""
        try:
            while chunk := await in_thread(lambda: next(chunks, b"")):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LINE_BYTES:
                    lines, rest = [*lines, rest], b""
                await self._show(lines, seen, write)
            await self._show([rest] if rest else [], seen, write)
        finally:
            with suppress(RuntimeError, ValueError):  # it is over already
                response.shutdown()  # the thread that waits for more waits no longer
            response.close()

    async def _show(self, lines: Sequence[bytes], seen: bytes, write: Write) -> None:
        new = []
        for line in lines:
            stamp, _, text = line.partition(b" ")
            if not _STAMP.fullmatch(stamp):
                new.append(line)
            elif stamp > seen:
                self._newest = stamp
                new.append(text)
        if new:
            self._came = time.monotonic()
            await write(new)

    def _check(self) -> None:
        with answering():
            self._ask(tail_lines=1, limit_bytes=1).drain_conn()

    def _open(self) -> HTTPResponse:
        """The log from its last lines on, or from the newest that came."""
        if self._newest:
            since = {"since_seconds": math.ceil(time.monotonic() - self._came) + _OVERLAP_SECONDS}
        else:
            since = {"tail_lines": TAIL_LINES}
        response = self._ask(follow=True, timestamps=True, **since)
        if self._stopped:
            response.close()
        return response

    def _ask(self, **how: int) -> HTTPResponse:
        ask: Callable[..., Any] = self.core.read_namespaced_pod_log
        response: HTTPResponse = ask(
            self.pod.name,
            self.pod.namespace,
            container=self.container,
            _request_timeout=(CONNECT_SECONDS, QUIET_SECONDS),
            _preload_content=False,
            **how,
        )
        return response


async def logs(core: client.CoreV1Api, pod: Pod) -> Session:
    """Shows what the containers of a pod print; where they are several, each line says of which it is.

    Raises:
        ControlError: none of them can be read.
    """
    found = [Log(core, pod, container) for container in pod.containers[:CONTAINERS]]
    problems = await asyncio.gather(*(log.problem() for log in found))
    if all(problems):
        raise ControlError(problems[0])
    return partial(_show_all, found)


async def _show_all(found: Sequence[Log], pipe: Pipe) -> Ended:
    turn = asyncio.Lock()

    async def show(log: Log) -> None:
        mark = f"[{log.container}] ".encode() if len(found) > 1 else b""

        async def write(lines: Sequence[bytes]) -> None:
            async with turn:
                await pipe.write(b"".join(mark + line + b"\n" for line in lines))

        try:
            await log.follow(write)
        except (RefusedError, NotReachedError) as error:
            await write([words(error, READ).encode()])

    try:
        async with asyncio.TaskGroup() as group:
            for log in found:
                group.create_task(show(log))
    except* PipeEnded:  # nobody reads any more
        pass
    return Ended()
