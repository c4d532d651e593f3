"""What control is told by its environment."""

from pydantic import Field

from mesh.settings import Settings


class ControlSettings(Settings):
    """Settings of control; see the base class for those of every service."""

    #: How many streams of probes one token may hold at each replica.
    streams_per_credential: int = Field(default=10_000, ge=1)
    #: How many calls of a probe may be under way at once.
    calls_per_probe: int = Field(default=100, ge=1)
