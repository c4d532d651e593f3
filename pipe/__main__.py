"""Runs pipe: `python -m pipe`."""

from mesh.serve import run
from pipe.service import pipe_service
from pipe.settings import PipeSettings

run("pipe", PipeSettings.read(), pipe_service)
