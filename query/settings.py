"""What the query service is told by its environment."""

from pydantic import Field

from mesh.settings import Settings
from query.model import Lifetimes


class QuerySettings(Settings):
    """Settings by the name of their environment variable in lower case; times in seconds."""

    #: A probe that was not heard of for so long is quiet: its nodes are marked.
    quiet_after: float = Field(default=10, gt=0)
    #: A probe that was not heard of for so long is gone, with its nodes.
    gone_after: float = Field(default=60, gt=0)
    #: How long an edge is shown after it was last seen.
    edges_kept: float = Field(default=15, gt=0)
    #: How long samples are kept.
    samples_kept: float = Field(default=60, gt=0)
    #: How often views are brought up to date, at most.
    tick: float = Field(default=0.25, gt=0)
    #: How long an organization or a view that nobody reads is kept up to date.
    idle_after: float = Field(default=60, gt=0)
    #: How many watches one person may have open at each replica.
    watches_per_user: int = Field(default=200, ge=1)

    def lifetimes(self) -> Lifetimes:
        """How long things are shown."""
        return Lifetimes(self.quiet_after, self.gone_after, self.edges_kept, self.samples_kept)
