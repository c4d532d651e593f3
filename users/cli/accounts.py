"""The commands that begin a deployment."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import invalid_field
from mesh.validation import validate
from scope.users.v1.administration_pb2 import ImpersonateRequest
from users import accounts, impersonation, migrations, organizations, sign_in
from users.cli.people import EmailArgument, show_change
from users.cli.program import DATA, DataOption, Output, OutputOption, fail, in_transaction, settings, show
from users.tables import Impersonation

app = typer.Typer()


@app.command()
def migrate(data: DataOption = DATA) -> None:
    """Bring the database's tables to this version; safe with several at once."""
    url = settings(data).database_url
    try:
        migrations.migrate(url)
    except (DBAPIError, ValueError) as error:
        fail(f"the tables could not be brought to this version: {getattr(error, 'orig', error)}")


@app.command()
def create_organization(
    name: Annotated[str, typer.Argument(help="Its name, in lower case also what requests call it by.")],
    admin: Annotated[
        str | None, typer.Option(help="Who administers it; by default the deployment's first administrator.")
    ] = None,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Make an organization and print its first tokens, which cannot be shown again.

    A name that is taken is refused with the code ALREADY_EXISTS.
    """
    created = in_transaction(settings(data), output, lambda session: organizations.create(session, name, admin))
    show(output, asdict(created))


@app.command()
def login_link(
    email: EmailArgument,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Print a link that signs a person in, once, within 10 minutes."""
    where = settings(data)
    link = in_transaction(where, output, lambda session: sign_in.create_link(session, email, where.public_url))
    _show_link(output, link, {"email": email.strip().lower()})


@app.command()
def create_admin(email: EmailArgument, output: OutputOption = Output.TEXT, data: DataOption = DATA) -> None:
    """Make a person who administers the deployment, or let one, and print a link that signs them in.

    The link works once, within 10 minutes. Example: `scope-users create-admin ann@example.org`
    """
    where = settings(data)

    async def work(session: AsyncSession) -> tuple[str, str]:
        user = await accounts.create_admin(session, email)
        return await sign_in.link_of(session, user.id, where.public_url), user.email

    link, address = in_transaction(where, output, work)
    _show_link(output, link, {"email": address})


@app.command()
def approve(email: EmailArgument, output: OutputOption = Output.TEXT, data: DataOption = DATA) -> None:
    """Let a person sign in who waits for it, and send them a mail with a link.

    Approving once more changes nothing and sends nothing. `scope-users people list --waiting` says who waits.

    Example: `scope-users approve ann@example.org`
    """
    show_change(
        data, output, email, accounts.approve, "may sign in; if they waited for it, a mail with a link is on its way"
    )


@app.command()
def impersonate(
    email: EmailArgument,
    *,
    administrator: Annotated[str, typer.Option("--as", metavar="ADMIN", help="The address of who is to act.")],
    reason: Annotated[str, typer.Option(help="Why; everybody reads it who may read the audit of the organizations.")],
    minutes: Annotated[int, typer.Option(min=1, max=480, help="For how long.")] = 60,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Print a link that signs an administrator in who acts as a person for a while.

    Example: `scope-users impersonate ann@example.org --as boss@example.org --reason "sees no hosts" --minutes 15`
    """
    where = settings(data)

    async def work(session: AsyncSession) -> tuple[str, Impersonation]:
        person, boss = await accounts.by_email(session, email), await accounts.by_email(session, administrator)
        validate(ImpersonateRequest(id=person.id, reason=reason))
        if not boss.admin or boss.disabled is not None:
            raise invalid_field("--as", f"{boss.email} does not administer the deployment")
        begun = await impersonation.begin(session, boss.id, None, person.id, reason=reason, seconds=60 * minutes)
        return await sign_in.link_of(session, boss.id, where.public_url, begun.id), begun

    link, begun = in_transaction(where, output, work)
    _show_link(output, link, {"email": email.strip().lower(), "expires": begun.expires.isoformat()})


def _show_link(output: Output, link: str, more: Mapping[str, str]) -> None:
    """Prints a link, alone so that it can be passed on."""
    if output == Output.JSON:
        show(output, {"login_url": link, **more})
    else:
        typer.echo(link)
