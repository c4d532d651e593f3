"""How answers are printed: for people in tables, for programs as the API answers them."""

from collections.abc import Iterable, Sequence
from datetime import UTC

import typer
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from users.cli.program import print_json

#: How many columns a terminal has at least, and a table that goes elsewhere at most: there each row is one line.
_NARROWEST, _WIDEST = 80, 10_000


def print_message(message: Message) -> None:
    """Prints an answer for programs, as REST has it."""
    print_json(json_format.MessageToDict(message, always_print_fields_with_no_presence=True))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table for people; what is too long for its column of a terminal goes on below."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    console.width = max(console.width, _NARROWEST) if console.is_terminal else _WIDEST
    console.print(table)


def print_count(shown: int, total: int, what: str) -> None:
    """Says how many of how many were printed."""
    if not total:
        typer.echo(f"there are no such {what}")
    elif shown < total:
        typer.echo(f"\n{shown} of {total} {what}; --limit {total} lists all of them, --search finds some")


def moment(time: Timestamp) -> str:
    """A time in the operator's time zone, to the minute; empty where there is none."""
    return f"{time.ToDatetime(UTC).astimezone():%Y-%m-%d %H:%M}" if time.seconds else ""


def day(time: Timestamp) -> str:
    """The day of a time; empty where there is none."""
    return moment(time)[:10]
