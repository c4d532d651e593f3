"""What ui-server is told by its environment."""

from pathlib import Path

from mesh.settings import ProcessSettings

_HERE = Path(__file__).resolve().parent


class UiSettings(ProcessSettings):
    """Beside what every process is told."""

    #: The folder with the pages, as `make ui` builds it.
    pages: Path = _HERE / "dist"
    #: The file that describes the REST face.
    openapi: Path = _HERE.parent / "gen" / "openapi" / "openapi.json"
