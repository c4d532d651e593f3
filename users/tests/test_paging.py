"""Pages of a list, read from a real database."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from sqlmodel import col, select

from mesh.errors import ServiceError
from scope.users.v1.administration_pb2 import Person
from users import paging
from users.database import Database
from users.paging import Order
from users.tables import User

NEWEST = Order(col(User.created), col(User.id), descending=True)
BY_ADDRESS = Order(col(User.email))


async def _people(database: Database, number: int) -> None:
    """People of one moment: what is ordered by time needs the id as well."""
    async with database.begin() as session:
        session.add_all(User(email=f"p{one}@example.org") for one in range(number))


async def _walk(database: Database, order: Order, size: int) -> list[list[str]]:
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        async with database.begin() as session:
            page = await paging.read(session, select(User), order, size, token)
        shown: list[Person] = []
        token = page.fill(shown, [Person(email=user.email) for user in page.rows])
        pages.append([person.email for person in shown])
    return pages


@pytest.mark.parametrize("order", [NEWEST, BY_ADDRESS])
@pytest.mark.parametrize(("number", "size", "lengths"), [(5, 2, [2, 2, 1]), (4, 2, [2, 2]), (3, 0, [3]), (0, 5, [0])])
async def test_every_row_is_on_one_page(
    database: Database, order: Order, number: int, size: int, lengths: list[int]
) -> None:
    await _people(database, number)
    pages = await _walk(database, order, size)
    assert [len(page) for page in pages] == lengths
    assert sorted(email for page in pages for email in page) == [f"p{one}@example.org" for one in range(number)]


async def test_what_comes_later_does_not_move_the_next_page(database: Database) -> None:
    await _people(database, 3)
    async with database.begin() as session:
        page = await paging.read(session, select(User), BY_ADDRESS, 2, "")
        token = page.fill([], [Person() for _ in page.rows])
        session.add(User(email="a@example.org"))
    async with database.begin() as session:
        rest = await paging.read(session, select(User), BY_ADDRESS, 2, token)
    assert [user.email for user in rest.rows] == ["p2@example.org"]


async def test_an_answer_stays_below_what_a_stub_takes(database: Database) -> None:
    await _people(database, 6)
    large = Person(disabled_reason="x" * (paging.BYTES // 2 - 100))
    async with database.begin() as session:
        page = await paging.read(session, select(User), BY_ADDRESS, 5, "")
        shown: list[Person] = []
        token = page.fill(shown, [large for _ in page.rows])
        rest = await paging.read(session, select(User), BY_ADDRESS, 5, token)
    assert len(shown) == 2
    assert [user.email for user in rest.rows] == [f"p{one}@example.org" for one in (2, 3, 4, 5)]


def _token(values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "\u00e4",
        "////",
        _token(5),
        _token([]),
        _token(["2026-01-01T00:00:00+00:00"]),
        _token(["yesterday", "0" * 32]),
        _token(["2026-01-01T00:00:00+00:00", 7]),
        _token(["2026-01-01T00:00:00+00:00", "\x00"]),
        _token(["2026-01-01T00:00:00+00:00", "\ud800"]),
    ],
)
async def test_an_odd_token_is_named(database: Database, token: str) -> None:
    async with database.begin() as session:
        with pytest.raises(ServiceError, match="page_token: must be") as caught:
            await paging.read(session, select(User), NEWEST, 2, token)
    assert list(caught.value.fields) == ["page_token"]
