"""`scope-users`: what an operator does with accounts."""

import typer

from users.cli import accounts, keys

__all__ = ["app", "main"]

app = typer.Typer(help="Manages the accounts of a deployment.", no_args_is_help=True, add_completion=False)
app.add_typer(accounts.app)
app.add_typer(keys.app, name="keys")


def main() -> None:
    """The program."""
    app()
