"""What a view does not show, or shows although it may be out of date."""

from collections.abc import Collection

from query.probe import Probe
from scope.query.v1.node_pb2 import Missing

#: How many probes are named, of each kind.
_NAMED = 100
_MOST = 2**31 - 1


def missing(probes: Collection[Probe], unusable: int) -> Missing:
    """What is missing where these are the probes, and so many reports could not be taken in."""
    quiet = sorted(probe.id for probe in probes if probe.quiet)
    return Missing(
        quiet_probes=quiet[:_NAMED],
        quiet_probe_count=len(quiet),
        dropped_reports=min(sum(probe.dropped for probe in probes), _MOST),
        unusable_reports=min(unusable, _MOST),
        limits=[
            f"probe {probe}: the log does not hold its full report; it is shown from the next one on"
            for probe in sorted(probe.id for probe in probes if probe.state.full is None)[:_NAMED]
        ],
    )
