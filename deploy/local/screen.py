"""What the person at the terminal sees: each step as it happens, then where the mesh is."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console
from rich.markup import escape


class _Output:
    """Standard output; a line that it refuses, as a file on a full disk does, is lost and no reason to end the mesh."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stdout.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stdout, name)


class Screen:
    """Lines on standard output; on a terminal the step under way is seen as well."""

    def __init__(self) -> None:
        self._console = Console(file=cast(IO[str], _Output()), highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Shows that this is under way, and how long it took."""
        began = time.monotonic()
        with self._console.status(escape(text)):
            yield
        self._console.print(f"[green]done[/green] {escape(text)} [dim]{time.monotonic() - began:.1f} s[/dim]")

    def say(self, text: str) -> None:
        """One line with the time of day."""
        self._console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {escape(text)}")

    def warn(self, text: str) -> None:
        """One line that ought to be read."""
        self._console.print(f"[yellow]warning:[/yellow] {escape(text)}")

    def fail(self, text: str) -> None:
        """Why it does not go on."""
        self._console.print(f"[red]error:[/red] {escape(text)}")

    def ready(self, local: dict[str, Any], address: str, data: Path, *, exposed: bool) -> None:
        """Where the mesh is and how to get in; whether others than this machine reach it makes a difference."""
        launch = f"scope launch --service-token={escape(local['service_token'])} {escape(address)}"
        probes = [f"  another machine  {launch}"]
        if not exposed:
            alone = 'do not reach it yet, see "Serving others" in README.md'
            probes = [f"  another probe    {launch}", f"  other machines   {alone}"]
        lines = [
            f"[bold]ready: {escape(local['url'])}[/bold]",
            f"  sign in          {escape(local['login_url'])}",
            f"  service token    {escape(local['service_token'])}",
            *probes,
            f"  [dim]all this is in {escape(str(data / 'local.json'))}; Ctrl-C ends it[/dim]",
        ]
        self._console.print("\n".join(lines))
