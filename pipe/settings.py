"""What pipe is told by its environment."""

from pydantic import Field

from mesh.settings import Settings


class PipeSettings(Settings):
    """Settings of pipe; see the base class for those of every service."""

    #: How many ends of pipes one person may have attached at each replica.
    pipes_per_user: int = Field(default=100, ge=1)
