"""`python -m tests.load MODE`; a mode is a function that says `@mode` or `@by_hand`."""

from tests.load import bench, control, edge, faults, ingest, ledger, pipe, streams, ui, views, watchers
from tests.load.modes import app

__all__ = ["bench", "control", "edge", "faults", "ingest", "ledger", "pipe", "streams", "ui", "views", "watchers"]

if __name__ == "__main__":
    app()
