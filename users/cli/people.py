"""The commands about people."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.validation import validate
from scope.users.v1.administration_pb2 import DisableRequest, ListPeopleRequest, Person
from users import accounts, paging
from users.administration import people
from users.cli.printing import day, print_count, print_message, print_table
from users.cli.program import DATA, DataOption, LimitOption, Output, OutputOption, in_transaction, pages, settings
from users.tables import User

#: Changes the person with an id.
Change = Callable[[AsyncSession, str], Awaitable[User]]

app = typer.Typer(help="Find people, disable them, and say who administers.", no_args_is_help=True)

EmailArgument = Annotated[str, typer.Argument(help="The person's address.")]


@app.command("list")
def list_(
    search: Annotated[str, typer.Option(help="Only addresses with this in them.")] = "",
    approved: Annotated[
        bool | None, typer.Option("--approved/--waiting", help="Only who may sign in, or only who waits for approval.")
    ] = None,
    limit: LimitOption = paging.SIZE,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """List people, the newest first.

    Example: `scope-users people list --waiting`
    """
    request = ListPeopleRequest(search=search, approved=approved)
    answer = pages(settings(data), output, people.listed, request, items="people", limit=limit)
    if output == Output.JSON:
        print_message(answer)
        return
    if answer.people:
        print_table(("ADDRESS", "STATE", "SIGNED UP", "LAST SIGN-IN", "ORGANIZATIONS"), map(_row, answer.people))
    print_count(len(answer.people), answer.total, "people")


@app.command()
def disable(
    email: EmailArgument,
    reason: Annotated[str, typer.Option(help="Why, for other administrators.")],
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Sign a person out everywhere, and let nobody in as them until they are enabled.

    Example: `scope-users people disable ann@example.org --reason "left in May"`
    """

    async def change(session: AsyncSession, user_id: str) -> User:
        validate(DisableRequest(id=user_id, reason=reason))
        return await people.disable(session, user_id, reason)

    show_change(data, output, email, change, "is disabled: sessions ended, tokens are worth nothing")


@app.command()
def enable(email: EmailArgument, output: OutputOption = Output.TEXT, data: DataOption = DATA) -> None:
    """Let a disabled person sign in again.

    Example: `scope-users people enable ann@example.org`
    """
    show_change(data, output, email, people.enable, "is enabled and may sign in again")


@app.command()
def make_admin(email: EmailArgument, output: OutputOption = Output.TEXT, data: DataOption = DATA) -> None:
    """Make a person an administrator of the deployment; who waits for approval is approved by it.

    Example: `scope-users people make-admin ann@example.org`
    """
    show_change(data, output, email, _set_administrator(admin=True), "administers the deployment")


@app.command()
def clear_admin(email: EmailArgument, output: OutputOption = Output.TEXT, data: DataOption = DATA) -> None:
    """Take a person's administration of the deployment.

    Example: `scope-users people clear-admin ann@example.org`
    """
    show_change(data, output, email, _set_administrator(admin=False), "does not administer the deployment")


def show_change(data: Path, output: Output, email: str, change: Change, told: str) -> None:
    """Changes the person with that address and prints how the person is now."""

    async def work(session: AsyncSession) -> Person:
        user = await accounts.by_email(session, email)
        return await people.described(session, await change(session, user.id))

    person = in_transaction(settings(data), output, work)
    if output == Output.JSON:
        print_message(person)
    else:
        typer.echo(f"{person.email} {told}")


def _set_administrator(*, admin: bool) -> Change:
    async def change(session: AsyncSession, user_id: str) -> User:
        return await people.set_administrator(session, user_id, admin=admin)

    return change


def _row(person: Person) -> tuple[str, ...]:
    places = ", ".join(f"{place.id} ({place.role})" for place in person.organizations)
    return person.email, _state(person), day(person.created), day(person.last_login), places


def _state(person: Person) -> str:
    if person.HasField("disabled"):
        return f"disabled: {person.disabled_reason}"
    if not person.HasField("approved"):
        return "waits"
    return "administrator" if person.admin else "approved"
