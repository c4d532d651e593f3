"""Runs control: `python -m control`."""

from control.service import control_service
from control.settings import ControlSettings
from mesh.serve import run

run("control", ControlSettings.read(), control_service)
