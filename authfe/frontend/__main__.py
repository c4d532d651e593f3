"""Runs the edge: `python -m authfe.frontend`."""

import os
import resource

from authfe.edge import write
from authfe.frontend.envoy import command
from authfe.frontend.settings import FrontendSettings


def main() -> None:
    """Becomes Envoy. Ends the process with a line for each variable that says something that cannot be."""
    settings = FrontendSettings.read()
    # Each connection is an open file, and of those a process may have as many as it asks for, up to this.
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    settings.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        configuration = write(settings.deployment(files), settings.runtime)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    line = command(configuration, settings.log_level, settings.envoy_threads)
    os.execv(line[0], line)  # noqa: S606 - a list that we built, and no shell


if __name__ == "__main__":
    main()
