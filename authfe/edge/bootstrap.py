"""The whole configuration of one edge."""

from pathlib import Path

from authfe.edge import telemetry
from authfe.edge.clusters import clusters
from authfe.edge.deployment import Deployment
from authfe.edge.filters import http_filters
from authfe.edge.listener import listeners
from authfe.edge.typed import Config, extension

#: Beyond it connections are refused; before it the edge would run out of files or memory.
_CONNECTIONS = 20_000


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
        "overload_manager": _overload(),
        "static_resources": {
            "listeners": listeners(deployment, filters, secrets),
            "clusters": [*services, *telemetry.clusters(deployment.collector)],
        },
        **telemetry.stats(deployment.collector),
    }


def _admin(socket: Path) -> Config:
    """Administration by a unix socket that only Envoy's own user may open: it can stop the edge."""
    return {"address": {"pipe": {"path": str(socket), "mode": 0o600}}}


def _overload() -> Config:
    monitor = extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=_CONNECTIONS,
    )
    return {"resource_monitors": [monitor]}
