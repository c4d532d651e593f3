"""The whole configuration of one edge."""

from pathlib import Path

from authfe.edge import telemetry
from authfe.edge.clusters import clusters, tools
from authfe.edge.deployment import Deployment
from authfe.edge.filters import http_filters
from authfe.edge.listener import listeners
from authfe.edge.typed import Config, extension

#: Who begins so many streams on a connection and takes more than half of them back within a second is cut off; what one
#: connection begins at once is begun in portions, so that the others have their turn.
_HTTP_2_BOUNDS = {
    "overload.premature_reset_total_stream_count": 500,
    "overload.premature_reset_min_stream_lifetime_seconds": 1,
    "http.max_requests_per_io_cycle": 100,
}

#: Near it memory is given back, then requests are refused, and those that were taken go on.
_HEAP_BYTES = 2 * 1024**3
_HEAP = "envoy.resource_monitors.fixed_heap"


def bootstrap(deployment: Deployment, descriptors: Path, secrets: Path) -> Config:
    """Envoy's static configuration; `descriptors` is the file with the contracts, `secrets` names the certificate.

    Raises:
        ValueError: The deployment does not fit the contracts; the message says where.
    """
    services = clusters(deployment)
    areas = [service["name"] for service in services]
    filters = http_filters(deployment, descriptors, areas)
    return {
        "node": {"id": "edge", "cluster": "scope"},
        "admin": _admin(deployment.admin_socket),
        "overload_manager": _overload(deployment.connections),
        "layered_runtime": {"layers": [{"name": "bounds", "static_layer": _HTTP_2_BOUNDS}]},
        "static_resources": {
            "listeners": listeners(deployment, filters, secrets),
            "clusters": [*services, *tools(deployment), *telemetry.clusters(deployment.collector)],
        },
        **telemetry.stats(deployment.collector),
    }


def _admin(socket: Path) -> Config:
    """Administration by a unix socket that only Envoy's own user may open: it can stop the edge."""
    return {"address": {"pipe": {"path": str(socket), "mode": 0o600}}}


def _overload(most: int) -> Config:
    # Beyond it connections are refused; before it the edge would run out of files or memory.
    connections = extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=most,
    )
    heap = extension(
        _HEAP,
        "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes=_HEAP_BYTES,
    )
    return {
        "resource_monitors": [connections, heap],
        "actions": [_when_full("shrink_heap", 0.9), _when_full("stop_accepting_requests", 0.95)],
    }


def _when_full(action: str, part: float) -> Config:
    """What is done when this part of the memory is taken."""
    return {
        "name": f"envoy.overload_actions.{action}",
        "triggers": [{"name": _HEAP, "threshold": {"value": part}}],
    }
