"""What is remembered of credentials."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import pytest

from mesh.errors import ServiceError
from scope.auth.v1.access_pb2 import Caller
from users import cache, secrets
from users.cache import Credentials
from users.credentials import Holder
from users.database import CONNECTIONS
from users.secrets import Kind, Secret
from users.tests.conftest import Clock


def _secret() -> Secret:
    found = secrets.parse(secrets.generate(Kind.API))
    assert found
    return found


def _reader(asked: list[Secret]) -> Callable[[Secret], Awaitable[Holder]]:
    async def read(secret: Secret) -> Holder:
        asked.append(secret)
        return Holder("api:1", "ann", Caller.CALLER_USER, admin=False, places=())

    return read


async def test_the_database_is_asked_once_in_two_seconds() -> None:
    asked: list[Secret] = []
    clock, secret = Clock(), _secret()
    known = Credentials(_reader(asked), clock)
    for _ in range(20):
        await known.holder(secret)
        clock.seconds += 0.2
    assert len(asked) == 2


async def test_memory_is_bounded_and_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SIZE", 3)
    asked: list[Secret] = []
    known = Credentials(_reader(asked), Clock())
    shown = [_secret() for _ in range(10)]
    for secret in shown:
        await known.holder(secret)
    for secret in shown[-3:]:
        await known.holder(secret)
    assert len(asked) == 10
    await known.holder(shown[0])
    assert len(asked) == 11


class Slow:
    """A database that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[Secret] = []
        self.answer = asyncio.Event()

    async def __call__(self, secret: Secret) -> Holder:
        self.asked.append(secret)
        await self.answer.wait()
        return Holder("api:1", "ann", Caller.CALLER_USER, admin=False, places=())


async def begun(tasks: Iterable[Coroutine[Any, Any, Holder | None]]) -> "list[asyncio.Task[Holder | None]]":
    """Lets each go as far as it can."""
    begun = [asyncio.create_task(task) for task in tasks]
    for _ in range(3):
        await asyncio.sleep(0)
    return begun


async def test_many_who_come_at_once_with_one_credential_cost_one_query() -> None:
    slow, secret = Slow(), _secret()
    known = Credentials(slow, Clock())
    waiting = await begun(known.holder(secret) for _ in range(1000))
    waiting.pop().cancel()  # whoever leaves takes the answer from nobody
    slow.answer.set()
    assert {holder.credential for holder in await asyncio.gather(*waiting) if holder} == {"api:1"}
    assert slow.asked == [secret]


async def test_secrets_that_nobody_knows_are_looked_up_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LOOKUPS", 3)
    slow, clock, remembered = Slow(), Clock(), _secret()
    known = Credentials(slow, clock)
    slow.answer.set()
    await known.holder(remembered)
    slow.answer.clear()
    clock.seconds += cache.FRESH
    invented = await begun(known.holder(_secret()) for _ in range(3))
    with pytest.raises(ServiceError) as refused:
        await known.holder(_secret())
    assert refused.value.reason_name == "IDENTITY_UNAVAILABLE"
    [again] = await begun([known.holder(remembered)])
    slow.answer.set()
    await asyncio.gather(again, *invented)
    assert slow.asked.count(remembered) == 2
    await known.holder(_secret())


async def test_who_is_known_finds_a_connection_however_many_invent_secrets() -> None:
    slow, remembered = Slow(), _secret()
    known = Credentials(slow, Clock())
    slow.answer.set()
    await known.holder(remembered)
    slow.answer.clear()
    known.forget()
    invented = await begun(known.holder(_secret()) for _ in range(100))
    [again] = await begun([known.holder(remembered)])
    assert slow.asked.count(remembered) == 2
    assert len(slow.asked) == 2 + cache.READS < 2 + CONNECTIONS
    slow.answer.set()
    await asyncio.gather(again, *invented)
    assert len(slow.asked) == 102


async def test_what_was_asked_before_a_revocation_answers_nobody_who_comes_after_it() -> None:
    slow, secret = Slow(), _secret()
    known = Credentials(slow, Clock())
    before = await begun([known.holder(secret)])
    known.forget()
    after = await begun([known.holder(secret)])
    slow.answer.set()
    await asyncio.gather(*before, *after)
    await known.holder(secret)
    assert slow.asked == [secret, secret]
