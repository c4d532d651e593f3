"""The commands about what was done and refused."""

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from mesh.validation import validate
from scope.users.v1.audit_pb2 import Event, ExportEventsRequest, ListAllEventsRequest
from users import accounts, paging
from users.administration import organizations
from users.audit import reading
from users.cli.printing import moment, print_message
from users.cli.program import (
    DATA,
    DataOption,
    LimitOption,
    Output,
    OutputOption,
    in_transaction,
    pages,
    settings,
    with_database,
)
from users.database import Database

#: People's addresses by id.
Addresses = Mapping[str, str]

app = typer.Typer(help="Read what was done, by whom, and what was refused.", no_args_is_help=True)

OrganizationOption = Annotated[str, typer.Option(help="Only in this organization, by id.")]
AfterOption = Annotated[str, typer.Option(metavar="TIME", help="Not before then: 2026-01-31T12:00:00Z.")]
BeforeOption = Annotated[str, typer.Option(metavar="TIME", help="Before then.")]
ActionOption = Annotated[str, typer.Option(help="Actions that begin with this: organization:member:")]
ActorOption = Annotated[str, typer.Option(help="By whom: an address, an id, or operator for this program.")]
SubjectOption = Annotated[
    str, typer.Option(help="On what: an address of a person, an organization, or the id of a token.")
]


@app.command("list")
def list_(
    *,
    organization: OrganizationOption = "",
    after: AfterOption = "",
    before: BeforeOption = "",
    action: ActionOption = "",
    actor: ActorOption = "",
    subject: SubjectOption = "",
    limit: LimitOption = paging.SIZE,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """List what was done and refused, the newest first.

    Example: `scope-users audit list --actor ann@example.org --action admin:`
    """
    request = ListAllEventsRequest(
        after=after, before=before, action=action, actor=actor, subject=subject, organization=organization
    )
    where = settings(data)
    answer = pages(where, output, reading.page_of_all, request, items="events", limit=limit)
    if output == Output.JSON:
        print_message(answer)
        return
    people = {person for event in answer.events for person in _people(event)}
    addresses = in_transaction(where, output, lambda session: accounts.addresses(session, people))
    told = (_told(event, addresses) for event in answer.events)
    typer.echo("\n".join(told) or "there are no such events")


@app.command()
def export(
    *,
    organization: OrganizationOption = "",
    after: AfterOption = "",
    before: BeforeOption = "",
    action: ActionOption = "",
    actor: ActorOption = "",
    subject: SubjectOption = "",
    data: DataOption = DATA,
) -> None:
    """Print all of it as JSON lines, the oldest first; the last line says how many there were.

    Example: `scope-users audit export --after 2026-01-01T00:00:00Z > audit.jsonl`
    """
    request = ExportEventsRequest(after=after, before=before, action=action, actor=actor, subject=subject)

    async def work(database: Database) -> None:
        validate(request)
        internal_id = None
        if organization:
            async with database.begin() as session:
                internal_id = (await organizations.described(session, organization)).internal_id
        with _progress() as progress:
            task = progress.add_task("", total=None)
            async for lines in reading.export(database, request, internal_id):
                sys.stdout.buffer.write(lines)
                progress.advance(task, lines.count(b"\n"))

    with_database(settings(data), Output.TEXT, work)


def _progress() -> Progress:
    """How many lines there are so far, for who watches."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} events"))
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _people(event: Event) -> Iterator[str]:
    """What may be the ids of people, besides who did it."""
    yield from (event.subject, event.impersonator)
    for facts in (event.before, event.after):
        yield from (value for value in facts.values() if isinstance(value, str))


def _told(event: Event, addresses: Addresses) -> str:
    """An event in two or three lines: who did what when, on what, and what changed; people are named by address."""
    refused = "  REFUSED" if event.refused else ""
    actor = event.actor_email or event.actor
    who = f"{addresses.get(event.impersonator, event.impersonator)} as {actor}" if event.impersonator else actor
    first = f"{moment(event.time)}  {who}  {event.action}{refused}"
    more = (" ".join(_circumstances(event, addresses)), ", ".join(_changes(event, addresses)))
    return "\n    ".join([first, *filter(None, more)])


def _circumstances(event: Event, addresses: Addresses) -> Iterator[str]:
    subject = addresses.get(event.subject, event.subject)
    for word, value in (("on", subject), ("in", event.organization), ("from", event.address)):
        if value:
            yield f"{word} {value}"


def _changes(event: Event, addresses: Addresses) -> Iterator[str]:
    before, after = (json_format.MessageToDict(facts) for facts in (event.before, event.after))
    for name in sorted(before | after):
        sides = [_value(facts[name], addresses) for facts in (before, after) if name in facts]
        yield f"{name}: {' -> '.join(dict.fromkeys(sides))}"


def _value(value: Any, addresses: Addresses) -> str:
    if isinstance(value, float):  # as a Struct has every number
        return f"{value:g}"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else addresses.get(str(value), str(value))
