"""`scope-users`: what an operator does with accounts."""

import typer

from users.cli import accounts, audit, keys, organizations, people, routes

__all__ = ["app", "main"]

app = typer.Typer(
    help="Manage the accounts of a deployment. It ends with 0 when it did what was asked, with 1 when that was refused "
    "or failed and nothing was changed, and with 2 when the command line is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show the values of variables, and some of those are secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(accounts.app)
app.add_typer(routes.app)
app.add_typer(people.app, name="people")
app.add_typer(organizations.app, name="organizations")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """The program."""
    app()
