"""Long lists in pages: the next is asked for by where the one before ended, and costs the same however far that is."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, MutableSequence, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy import tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError, invalid_field

#: How many are on a page where nobody says.
SIZE = 100
#: How many bytes an answer has at most: less than a stub takes at once.
BYTES = 3 << 20

M = TypeVar("M", bound=Message)


class Order:
    """How a list is ordered: by columns, texts and times, that are unique together.

    Args:
        columns: what rows are compared by; a row has attributes with their names.
        descending: the greatest first.
    """

    def __init__(self, *columns: Any, descending: bool = False) -> None:
        self._columns = columns
        self._descending = descending

    def token(self, row: Any) -> str:
        """The token of the page that begins after the row."""
        values = [getattr(row, column.key) for column in self._columns]
        text = json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in values])
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def sorted(self, statement: Any) -> Any:
        """The statement with its rows in this order."""
        return statement.order_by(*(column.desc() if self._descending else column for column in self._columns))

    def after(self, statement: Any, token: str) -> Any:
        """The statement without the rows that came before; raises ServiceError INVALID_ARGUMENT for an odd token."""
        end, here = tuple_(*self._values(token)), tuple_(*self._columns)
        return statement.where(here < end if self._descending else here > end)

    def _values(self, token: str) -> Sequence[Any]:
        try:
            texts = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            if len(texts) != len(self._columns):
                raise _odd_token()
            return [_value(column, text) for column, text in zip(self._columns, texts, strict=True)]
        except (ValueError, TypeError):
            raise _odd_token() from None


@dataclass(frozen=True)
class Page:
    """Some rows of a list."""

    rows: Sequence[Any]
    order: Order
    #: Whether there are more after them.
    more: bool

    def fill(self, answer: MutableSequence[M], messages: Iterable[M]) -> str:
        """Puts a message for each row into an answer, as many as fit; answers the token of the next page."""
        size = 0
        for number, message in enumerate(messages):
            size += message.ByteSize() + 8
            if number and size > BYTES:
                return self.order.token(self.rows[number - 1])
            answer.append(message)
        return self.order.token(self.rows[-1]) if self.more else ""


async def read(session: AsyncSession, statement: Any, order: Order, size: int, token: str) -> Page:
    """Reads one page.

    Args:
        session: the transaction.
        statement: selects the whole list.
        order: in which order.
        size: how many rows at most; 0: as many as is usual.
        token: where to begin, as `Page.fill` answered; empty: at the beginning.

    Raises:
        ServiceError: INVALID_ARGUMENT for a token that no page of such a list answered.
    """
    size = size or SIZE
    wanted = order.after(statement, token) if token else statement
    rows = (await session.exec(order.sorted(wanted).limit(size + 1))).all()
    return Page(rows[:size], order, more=len(rows) > size)


def _value(column: Any, text: object) -> datetime | str:
    if not isinstance(text, str) or not text.isprintable():
        raise _odd_token()
    return datetime.fromisoformat(text) if column.type.python_type is datetime else text


def _odd_token() -> ServiceError:
    return invalid_field("page_token", "must be the next_page_token of an answer to the same question")
