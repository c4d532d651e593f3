"""Rates as settings say them."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from mesh.rates import Buckets, Rate, RateSetting

GOOD = {
    "10 per hour": (10, timedelta(hours=1)),
    "5 per 10 minutes": (5, timedelta(minutes=10)),
    "3 per second": (3, timedelta(seconds=1)),
    " 1  Per 2 DAYS ": (1, timedelta(days=2)),
}


class _Settings(BaseSettings):
    tries: RateSetting = Rate.parse("1 per day")


@pytest.mark.parametrize("text", GOOD)
def test_a_setting_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _Settings().tries == Rate.parse("1 per day")
    monkeypatch.setenv("TRIES", text)
    found = _Settings().tries
    assert (found.count, found.per) == GOOD[text]
    assert found == Rate.parse(found.text)


@pytest.mark.parametrize(
    "text",
    ["", "10", "0 per hour", "-1 per hour", "10 per 0 hours", "1.5 per hour", "10 per week", "10/hour", "٣ per hour"],
)
def test_another_says_what_a_rate_is_like(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIES", text)
    with pytest.raises(ValidationError, match=r"not a rate like '10 per hour', '5 per 10 minutes' or '3 per second'"):
        _Settings()


def test_what_was_used_comes_back_evenly() -> None:
    assert Rate.parse("5 per 10 minutes").interval == timedelta(minutes=2)


def test_memory_holds_those_who_used_something_lately() -> None:
    now = 1000.0
    buckets = Buckets(3, 0.1, lambda: now)
    for number in range(1000):
        assert buckets.take(str(number)) == 0
        now += 0.01
    assert len(buckets._full) <= 11


@pytest.mark.parametrize(("most", "interval"), [(1, 10), (3, 1 / 3), (7, 1 / 7), (1000, 0.001)])
def test_as_many_at_once_as_there_are_and_how_long_until_the_next(most: int, interval: float) -> None:
    now = 1000.0
    buckets = Buckets(most, interval, lambda: now)
    assert [buckets.take("one") == 0 for _ in range(most + 1)] == [True] * most + [False]
    wait = buckets.take("one")
    assert 0 < wait <= interval
    now += wait
    assert buckets.take("one") == 0
    assert buckets.take("one") > 0


def test_somebody_with_a_rate_of_their_own_uses_as_long_a_burst() -> None:
    now = 1000.0
    buckets = Buckets(3, 1, lambda: now)
    assert sum(buckets.take("slower", 3) == 0 for _ in range(100)) == 1
    assert sum(buckets.take("faster", 0.1) == 0 for _ in range(100)) == 30
    assert sum(buckets.take("as all") == 0 for _ in range(100)) == 3
