"""The commands that begin a deployment."""

from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from users import migrations, organizations, sign_in
from users.cli.program import DATA, DataOption, Output, OutputOption, fail, in_transaction, settings, show

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
    email: Annotated[str, typer.Argument(help="Whom it signs in.")],
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Print a link that signs a person in, once, within 10 minutes."""
    where = settings(data)
    link = in_transaction(where, output, lambda session: sign_in.create_link(session, email, where.public_url))
    if output == Output.TEXT:
        typer.echo(link)
    else:
        show(output, {"login_url": link, "email": email.strip().lower()})
