"""What collection is told by its environment."""

from pydantic import Field

from mesh.limits import LOG_MAX_AGE
from mesh.settings import Settings


class CollectionSettings(Settings):
    """Settings of collection; see the base class for those of every service."""

    #: How long an organization's reports are kept, in seconds; at least two intervals between full reports.
    log_max_age: float = Field(default=LOG_MAX_AGE, ge=120.0)
    #: How many bytes of an organization's reports are kept; the oldest go first.
    log_max_bytes: int = Field(default=256 * 1024 * 1024, ge=16 * 1024 * 1024)
    #: How many streams of reports one token may hold at each replica.
    streams_per_credential: int = Field(default=10_000, ge=1)
    #: How many probes an organization's log may hold; one that was silent for LOG_MAX_AGE is gone from it.
    probes_per_organization: int = Field(default=5_000, ge=1, le=100_000)
    #: How many reports a second a probe may keep sending to a replica; for a moment three times as many.
    reports_per_second_per_probe: float = Field(default=100.0, ge=1)
    #: How many reports a second the probes of an organization may keep sending to a replica; the same.
    reports_per_second_per_organization: float = Field(default=5_000.0, ge=1)
