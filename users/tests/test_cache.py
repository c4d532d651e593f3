"""What is remembered of credentials."""

from collections.abc import Awaitable, Callable

import pytest

from scope.auth.v1.access_pb2 import Caller
from users import cache, secrets
from users.cache import Credentials
from users.credentials import Holder
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
