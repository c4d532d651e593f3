"""Asks the API server for one thing, because somebody wants it now."""

import asyncio
import http
import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from scope_probe.kubernetes.api import CONNECT_SECONDS, NotReachedError, RefusedError, answering
from scope_probe.kubernetes.objects import Raw
from scope_sdk.controls import ControlError

T = TypeVar("T")

_ANSWER_SECONDS = 15
_WORDS = 400
_MEANINGS = {
    http.HTTPStatus.UNAUTHORIZED: "the API server does not accept the probe's credential",
    http.HTTPStatus.NOT_FOUND: "it is no longer in the cluster",
    http.HTTPStatus.CONFLICT: "it changed in the meantime; look at it again",
}


async def ask(what: str, call: Callable[..., Any], *arguments: object, **more: object) -> Raw:  # noqa: D417 - passed on
    """What the API server answers.

    Args:
        what: what is asked for, as something that the probe's role may not let it: `delete pods`.
        call: of the client; the rest is what it is called with.

    Raises:
        ControlError: it says no, or nothing.
    """

    def answer() -> Raw:
        with answering():
            timeouts = (CONNECT_SECONDS, _ANSWER_SECONDS)
            response = call(*arguments, _request_timeout=timeouts, _preload_content=False, **more)
            found: Raw = json.loads(response.data)
            return found

    try:
        return await in_thread(answer)
    except (RefusedError, NotReachedError) as error:
        raise ControlError(words(error, what)) from None


async def in_thread(work: Callable[[], T]) -> T:
    """Does what waits, in a thread of its own, which nobody waits for where this is cancelled."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(put: Callable[[Any], None], value: object) -> None:
        if not done.done():
            put(value)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            told: tuple[Callable[[Any], None], object] = (done.set_exception, error)
        else:
            told = (done.set_result, result)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *told)

    threading.Thread(target=run, name="kubernetes call", daemon=True).start()
    return await done


def words(error: RefusedError | NotReachedError, what: str) -> str:
    """Why it was not done, for the person who wanted it."""
    if isinstance(error, NotReachedError) or not error.status:
        return f"the API server is not reached: {error.reason if isinstance(error, RefusedError) else error}"
    if error.status == http.HTTPStatus.FORBIDDEN:
        return f"the probe's role in the cluster does not let it {what}: {_message(error)}"
    return _MEANINGS.get(error.status) or f"the API server refuses: {_message(error)}"


def _message(error: RefusedError) -> str:
    try:
        message = json.loads(error.body or "")["message"]
    except (ValueError, LookupError, TypeError):
        message = error.reason
    return str(message)[:_WORDS]
