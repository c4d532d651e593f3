"""A function that runs in a process of its own, so that whoever measures does not wait for whoever makes the load."""

import asyncio
import multiprocessing
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar, cast

import psutil

P = ParamSpec("P")
T = TypeVar("T")

# A forked process would share the event loop and the gRPC threads of this one.
_SPAWN = multiprocessing.get_context("spawn")


class Elsewhere(AbstractContextManager["Elsewhere[T]"], Generic[T]):
    """Calls a function of a module, with arguments that can be pickled; leaving the context ends the process."""

    def __init__(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> None:
        self._receive, send = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(target=_answer, args=(send, call, arguments, named), daemon=True)
        self._process.start()
        send.close()

    @property
    def process(self) -> psutil.Process:
        """The process, while it runs."""
        return psutil.Process(self._process.pid)

    async def result(self) -> T:
        """What the function answered. Raises what it raised, or RuntimeError where its process was ended."""
        try:
            answer = await asyncio.to_thread(self._receive.recv)
        except EOFError:
            raise RuntimeError("the process ended before it had measured anything") from None
        if isinstance(answer, Exception):
            raise answer
        return cast(T, answer)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()


def _answer(
    send: Connection, call: Callable[..., object], arguments: tuple[object, ...], named: dict[str, object]
) -> None:
    try:
        answer = call(*arguments, **named)
    except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits for the answer
        answer = error
    send.send(answer)
