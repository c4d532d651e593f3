"""`python -m tests.load MODE`; a mode is a module that says `@mode`."""

from tests.load import bench, ingest, ledger, views
from tests.load.modes import app

__all__ = ["bench", "ingest", "ledger", "views"]

if __name__ == "__main__":
    app()
