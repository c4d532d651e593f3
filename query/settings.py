"""What the query service is told by its environment."""

from pydantic import Field, field_validator

from mesh.settings import Settings
from query.model import Lifetimes
from query.options import Options, label_filters


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
    #: How often readers are told what changed, at most.
    tick: float = Field(default=0.25, gt=0)
    #: How long an organization or a view that nobody reads is kept up to date.
    idle_after: float = Field(default=60, gt=0)
    #: How many watches one person may have open at each replica.
    watches_per_user: int = Field(default=200, ge=1)

    #: Further kinds of containers to choose, separated by commas, each as `TITLE:KEY=VALUE`: those with a label.
    container_label_filters: str = ""
    #: The same, of those without it.
    container_label_filters_exclude: str = ""

    @field_validator("container_label_filters", "container_label_filters_exclude")
    @classmethod
    def _are_label_filters(cls, value: str) -> str:
        label_filters(value)
        return value

    def options(self) -> Options:
        """What readers of topologies may choose."""
        return Options(label_filters(self.container_label_filters), label_filters(self.container_label_filters_exclude))

    def lifetimes(self) -> Lifetimes:
        """How long things are shown."""
        return Lifetimes(self.quiet_after, self.gone_after, self.edges_kept, self.samples_kept)
