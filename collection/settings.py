"""What collection is told by its environment."""

from pydantic import Field

from mesh.settings import Settings


class CollectionSettings(Settings):
    """Settings of collection; see the base class for those of every service."""

    #: How long an organization's reports are kept, in seconds; at least two intervals between full reports.
    log_max_age: float = Field(default=3600.0, ge=120.0)
    #: How many bytes of an organization's reports are kept; the oldest go first.
    log_max_bytes: int = Field(default=256 * 1024 * 1024, ge=16 * 1024 * 1024)
