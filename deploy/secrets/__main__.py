"""Makes the secrets of a deployment of containers: `python -m deploy.secrets FOLDER`; see `deploy.secrets`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.secrets import DifferentDatabaseError, as_kubernetes, make


def _main(
    folder: Annotated[Path, typer.Argument(help="Where they are kept; made if it is not there.")],
    database_url: Annotated[
        str, typer.Option(help="Of a PostgreSQL that runs elsewhere: postgresql://user:password@host:5432/name.")
    ] = "",
    kubernetes: Annotated[
        str, typer.Option(metavar="NAMESPACE", help="Print them as Secrets, to pipe into `kubectl apply -f -`.")
    ] = "",
) -> None:
    """Make the secrets of a deployment that are missing; what is there stays as it is."""
    try:
        make(folder, database_url)
        if kubernetes:
            json.dump(as_kubernetes(folder, kubernetes), sys.stdout, indent=2)
            sys.stdout.write("\n")
    except (DifferentDatabaseError, OSError) as error:
        typer.echo(f"secrets: {error}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(_main)
