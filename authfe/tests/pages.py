"""The real ui-server, over a folder with little in it."""

import gzip
import sys
from pathlib import Path

from authfe.tests.standins import free_port
from deploy.local.command import Command, accepts, plain_environment
from deploy.local.running import Running

ROOT = Path(__file__).parents[2]

#: The text of a script at /assets/app-1234.js; a large one, of what would compress itself were it not compressed.
SCRIPT = b"".join(b"console.log(%d);\n" % number for number in range(1000))
PAGE = b"<!doctype html><title>Scope</title>"
ASSET = "/assets/app-1234.js"


def build(folder: Path) -> Path:
    """Makes a folder as `make ui` does; what it calls brotli is none, and nobody here reads it."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    script = folder / ASSET[1:]
    script.write_bytes(SCRIPT)
    script.with_name(f"{script.name}.br").write_bytes(b"brotli")
    script.with_name(f"{script.name}.gz").write_bytes(gzip.compress(SCRIPT))
    return folder


class UiServer(Running):
    """One that serves these pages; it writes its log beside them."""

    def __init__(self, pages: Path) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        super().__init__(
            Command(
                name="ui-server",
                argv=[sys.executable, "-m", "ui"],
                ready=lambda: accepts(self.port),
                environment={
                    **plain_environment(),
                    "LISTEN": self.address,
                    "METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}",
                    "PAGES": str(pages),
                },
                folder=ROOT,
            ),
            pages.with_name("ui-server.log"),
        )

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"127.0.0.1:{self.port}"
