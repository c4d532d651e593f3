"""`python -m ui` is ui-server."""

from ui.server import run
from ui.settings import UiSettings

if __name__ == "__main__":
    run(UiSettings.read())
