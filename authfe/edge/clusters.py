"""What stands behind the edge, each a cluster of replicas that are asked for their health."""

from collections.abc import Iterable, Sequence
from typing import Any

from authfe.edge.bindings import Rpc, routed
from authfe.edge.deployment import Address, Deployment, parse_address
from authfe.edge.hashing import hashed
from authfe.edge.typed import Config, typed

#: The service that decides who may call.
AUTHORITY = "users"

#: What serves the browser's files, and the description of the REST face.
PAGES = "ui-server"

#: What speaks WebSocket with browsers.
SOCKETS = "sockets"

#: What administrators of the deployment see measurements with.
GRAFANA = "grafana"

#: Above the most streams one edge carries; the default of 1024 refuses the 1025th.
_UNLIMITED = 100_000


def clusters(deployment: Deployment) -> list[Config]:
    """A cluster for each service that the contracts route to, and for what speaks HTTP.

    Raises:
        ValueError: A service has no address, an address is none, or nothing is routed to the service.
    """
    rpcs = routed()
    areas = sorted({rpc.area for rpc in rpcs} | {AUTHORITY})
    known = [*areas, PAGES, SOCKETS]
    unknown = sorted(set(deployment.clusters) - set(known))
    if unknown:
        raise ValueError(f"nothing is routed to {', '.join(unknown)}; there are {', '.join(known)}")
    services = [_service(area, _addresses(deployment, area), _health_service(area, rpcs)) for area in areas]
    return [*services, *(_http(name, _addresses(deployment, name)) for name in (PAGES, SOCKETS))]


def tools(deployment: Deployment) -> list[Config]:
    """A cluster for each tool that is reached through the edge, which is whole without them.

    Raises:
        ValueError: An address is none.
    """
    if not deployment.grafana:
        return []
    addresses = [parse_address(deployment.grafana)]
    return [_cluster(GRAFANA, addresses, {"http_protocol_options": {}}, circuit_breakers=_circuit_breakers())]


def _addresses(deployment: Deployment, area: str) -> list[Address]:
    texts = deployment.clusters.get(area, ())
    if not texts:
        raise ValueError(f"the service {area} has no address")
    return [parse_address(text) for text in texts]


def _health_service(area: str, rpcs: Iterable[Rpc]) -> str:
    """The name that health is asked under: Envoy asks for one, and a process serves all of its services or none."""
    return min(rpc.service for rpc in rpcs if rpc.area == area)


def _service(area: str, addresses: Sequence[Address], health_service: str) -> Config:
    check = _health_check(grpc_health_check={"service_name": health_service})
    return cluster(
        area, addresses, **_balancing(by_hash=hashed(area)), circuit_breakers=_circuit_breakers(), health_checks=[check]
    )


def _http(name: str, addresses: Sequence[Address]) -> Config:
    check = _health_check(http_health_check={"path": "/healthz"})
    settings = {
        **_balancing(by_hash=name == SOCKETS),
        "circuit_breakers": _circuit_breakers(),
        "health_checks": [check],
    }
    return _cluster(name, addresses, {"http_protocol_options": {}}, **settings)


def cluster(name: str, addresses: Sequence[Address], **settings: Any) -> Config:
    """What answers gRPC at these addresses, with further settings."""
    return _cluster(name, addresses, {"http2_protocol_options": _http2()}, **settings)


def _cluster(name: str, addresses: Sequence[Address], protocol: Config, **settings: Any) -> Config:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": name,
        **_discovery(addresses),
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        **settings,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": _endpoints(addresses)}]},
        "typed_extension_protocol_options": {options: typed(options, explicit_http_config=protocol)},
    }


def _discovery(addresses: Iterable[Address]) -> Config:
    if _static(addresses):
        return {"type": "STATIC"}
    # By default Envoy prefers IPv6 addresses, which `localhost` has and our services may not listen on.
    return {"type": "STRICT_DNS", "dns_lookup_family": "V4_PREFERRED"}


def _static(addresses: Iterable[Address]) -> bool:
    return all(address.numeric for address in addresses)


def _balancing(*, by_hash: bool) -> Config:
    # Without the panic threshold a call fails at once where no replica is healthy, instead of reaching one that is not.
    # No outlier detection: it counts answers like INTERNAL against a replica, and the only one would be cast out for a
    # caller's mistake.
    # What is found out about a replica's health counts at once; by default calls are sent by old news for a second.
    common = {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"}
    return {"lb_policy": "RING_HASH" if by_hash else "ROUND_ROBIN", "common_lb_config": common}


def _circuit_breakers() -> Config:
    names = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"thresholds": [dict.fromkeys(names, _UNLIMITED)]}


def _health_check(**check: Config) -> Config:
    # A replica that is busy may answer late; one that is gone refuses the connection and fails at once.
    return {
        "timeout": "2s",
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        **check,
    }


def _endpoints(addresses: Sequence[Address]) -> list[Config]:
    """The replicas; equal hashes lead to replicas of equal number, whatever service they are of.

    A name may stand for several replicas, which have no numbers and are told apart by their addresses.
    """
    endpoints = [{"endpoint": {"address": socket_address(address)}} for address in addresses]
    if not _static(addresses):
        return endpoints
    numbered = enumerate(endpoints)
    return [
        {**one, "metadata": {"filter_metadata": {"envoy.lb": {"hash_key": str(number)}}}} for number, one in numbered
    ]


def socket_address(address: Address) -> Config:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def _http2() -> Config:
    return {
        "initial_stream_window_size": 1024 * 1024,
        "initial_connection_window_size": 16 * 1024 * 1024,
        # A replica that fails its health check gets no new calls; those that it has would wait for it for ever where it
        # stands still, or its machine is gone. They wait until the health check has failed, or they would be sent there
        # again. Our servers take pings as often (mesh/serve.py), others may not.
        "connection_keepalive": {"interval": "2s", "timeout": "5s"},
    }
