"""`scope-users`: what an operator does with accounts."""

import typer

from users.cli import accounts

__all__ = ["app", "main"]

app = typer.Typer(help="Manages the accounts of a deployment.", no_args_is_help=True, add_completion=False)
app.add_typer(accounts.app)


def main() -> None:
    """The program."""
    app()
