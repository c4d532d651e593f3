"""What pipe is told by its environment."""

from pydantic import Field

from mesh.settings import Settings


class PipeSettings(Settings):
    """Settings of pipe; see the base class for those of every service."""

    #: How many ends of pipes one person may have attached at each replica.
    pipes_per_user: int = Field(default=100, ge=1)
    #: How many ends of pipes the probes of one token may have attached at each replica.
    pipes_per_credential: int = Field(default=10_000, ge=1)
    #: How long an end is waited for by the other one, in seconds; then the pipe ends.
    orphaned_after: float = Field(default=60.0, gt=0)
    #: How long a pipe may be without any bytes, in seconds; then it ends.
    idle_after: float = Field(default=4 * 3600.0, gt=0)
