"""The commands about what was done and refused."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from mesh.validation import validate
from scope.users.v1.audit_pb2 import Event, ExportEventsRequest, ListAllEventsRequest
from users import paging
from users.administration import organizations
from users.audit import reading
from users.cli.printing import moment, print_message
from users.cli.program import DATA, DataOption, LimitOption, Output, OutputOption, pages, settings, with_database
from users.database import Database

app = typer.Typer(help="Read what was done, by whom, and what was refused.", no_args_is_help=True)

OrganizationOption = Annotated[str, typer.Option(help="Only in this organization, by id.")]
AfterOption = Annotated[str, typer.Option(metavar="TIME", help="Not before then: 2026-01-31T12:00:00Z.")]
BeforeOption = Annotated[str, typer.Option(metavar="TIME", help="Before then.")]
ActionOption = Annotated[str, typer.Option(help="Actions that begin with this: organization:member:")]
ActorOption = Annotated[str, typer.Option(help="By whom: an address, an id, or operator for this program.")]
SubjectOption = Annotated[str, typer.Option(help="On what: the id of a person, an organization, a token.")]


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
    answer = pages(settings(data), output, reading.page_of_all, request, items="events", limit=limit)
    if output == Output.JSON:
        print_message(answer)
    else:
        typer.echo("\n".join(map(_told, answer.events)) or "there are no such events")


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


def _told(event: Event) -> str:
    """An event in two lines: who did what when, and the rest."""
    refused = "  REFUSED" if event.refused else ""
    first = f"{moment(event.time)}  {event.actor_email or event.actor}  {event.action}{refused}"
    return "\n    ".join([first, *filter(None, [" ".join(_circumstances(event)), ", ".join(_changes(event))])])


def _circumstances(event: Event) -> Iterator[str]:
    for word, value in (
        ("on", event.subject),
        ("in", event.organization),
        ("from", event.address),
        ("acted for by", event.impersonator),
    ):
        if value:
            yield f"{word} {value}"


def _changes(event: Event) -> Iterator[str]:
    before, after = (json_format.MessageToDict(facts) for facts in (event.before, event.after))
    for name in before | after:
        sides = [_value(facts[name]) for facts in (before, after) if name in facts]
        yield f"{name}: {' -> '.join(sides)}"


def _value(value: Any) -> str:
    if isinstance(value, float):  # as a Struct has every number
        return f"{value:g}"
    return "none" if value is None else str(value)
