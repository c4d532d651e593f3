"""Rates that all replicas share."""

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta

import grpc
import psycopg
import pytest

from mesh.errors import ServiceError
from mesh.rates import Rate
from scope.errors.v1.errors_pb2 import Reason
from users import rates
from users.database import Database
from users.rates import Limit

TEN_AN_HOUR = Limit("tries", Rate.parse("10 per hour"), "tries")


class Account:
    """A database, and the rows that it keeps of rates."""

    def __init__(self, database: Database, url: str) -> None:
        self.database = database
        self._url = url

    async def take(self, limit: Limit = TEN_AN_HOUR, whom: str = "ann") -> float:
        """How long it says to wait, in seconds; 0: admitted."""
        try:
            await rates.take(self.database, limit, whom)
        except ServiceError as error:
            if error.reason != Reason.REASON_RATE_EXCEEDED:
                raise
            return error.retry_after
        return 0

    def pass_time(self, passed: timedelta) -> None:
        """Makes all that was noted older."""
        with psycopg.connect(self._url) as connection:
            connection.execute("UPDATE rates SET restored = restored - %s", (passed,))

    def rows(self) -> list[tuple[object, ...]]:
        with psycopg.connect(self._url) as connection:
            return connection.execute("SELECT * FROM rates").fetchall()


@pytest.fixture
async def account(database: Database, postgres_url: str) -> Account:
    return Account(database, postgres_url)


async def test_so_many_at_once_and_then_one_each_interval(account: Account) -> None:
    assert [await account.take() for _ in range(10)] == [0] * 10
    wait = await account.take()
    assert 350 < wait <= 360
    account.pass_time(timedelta(seconds=wait - 0.5))
    assert 0 < await account.take() <= 0.5
    account.pass_time(timedelta(seconds=0.5))
    assert await account.take() == 0
    assert await account.take() > 350


async def test_all_comes_back_and_no_more_than_all(account: Account) -> None:
    for _ in range(10):
        await account.take()
    account.pass_time(timedelta(days=3))
    assert [await account.take() == 0 for _ in range(11)] == [True] * 10 + [False]


async def test_what_is_refused_is_not_counted(account: Account) -> None:
    for _ in range(20):
        await account.take()
    assert await account.take() <= 360


@pytest.mark.parametrize("count", [1, 3, 6, 7, 49])
async def test_the_whole_number_whatever_it_divides_into(account: Account, count: int) -> None:
    limit = Limit("odd", Rate.parse(f"{count} per hour"), "tries")
    assert [await account.take(limit) == 0 for _ in range(count + 1)] == [True] * count + [False]


async def test_everybody_has_their_own_of_each(account: Account) -> None:
    for _ in range(11):
        await account.take()
    assert await account.take() > 0
    assert await account.take(whom="bob") == 0
    assert await account.take(Limit("others", TEN_AN_HOUR.rate, "others")) == 0


async def test_of_many_at_once_as_many_as_there_are(account: Account) -> None:
    waits = await asyncio.gather(*(account.take() for _ in range(40)))
    assert sum(wait == 0 for wait in waits) == 10
    assert all(350 < wait <= 360 for wait in waits if wait)


async def test_it_counts_though_what_it_is_for_is_undone(account: Account) -> None:
    for _ in range(10):
        async with account.database.begin() as session:
            await rates.take(account.database, TEN_AN_HOUR, "ann")
            await session.rollback()
    assert await account.take() > 0


@pytest.mark.parametrize(
    ("text", "wait"),
    [("1 per 90 seconds", r"\d\d seconds"), ("1 per 10 minutes", "10 minutes"), ("1 per day", "24 hours")],
)
async def test_a_refusal_says_how_many_and_when_again(account: Account, text: str, wait: str) -> None:
    limit = Limit("mail", Rate.parse(text), "letters to this address")
    await account.take(limit)
    with pytest.raises(ServiceError) as caught:
        await rates.take(account.database, limit, "ann")
    assert caught.value.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert re.fullmatch(f"too many letters to this address: at most {text}; try again in {wait}", caught.value.message)


async def test_who_it_is_is_not_kept(account: Account) -> None:
    await account.take(whom="ann@example.org")
    assert "ann" not in str(account.rows())


async def test_who_used_nothing_lately_is_forgotten(account: Account) -> None:
    await account.take(whom="ann")
    account.pass_time(timedelta(hours=1))
    await account.take(whom="bob")
    await rates.clear(account.database)
    assert len(account.rows()) == 1
    assert [await account.take(whom="bob") == 0 for _ in range(10)] == [True] * 9 + [False]


async def test_the_database_away_is_said() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(ServiceError) as caught:
        await rates.take(away, TEN_AN_HOUR, "ann")
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE


SOURCES: Mapping[str, str] = {
    "192.0.2.7": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2:ffff::": "2001:db8:1:2::/64",
    "": "",
    "unix": "unix",
}


@pytest.mark.parametrize("address", SOURCES)
def test_a_network_of_ipv6_counts_as_one(address: str) -> None:
    assert rates.source(address) == SOURCES[address]
