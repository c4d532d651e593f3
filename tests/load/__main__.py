"""`python -m tests.load MODE`; a mode is a module that says `@mode`."""

from tests.load import bench, views
from tests.load.modes import app

__all__ = ["bench", "views"]

if __name__ == "__main__":
    app()
