"""The one port: HTTP/1.1, HTTP/2 (without TLS by prior knowledge) and native gRPC; and the one that sends on to it."""

from collections.abc import Sequence
from pathlib import Path

from authfe.edge import telemetry
from authfe.edge.access_log import access_log
from authfe.edge.clusters import socket_address
from authfe.edge.deployment import Collector, Deployment, parse_address
from authfe.edge.filters import redirecting_filters
from authfe.edge.limits import HEADER_KB, HEADERS, STREAMS
from authfe.edge.replies import local_replies
from authfe.edge.routes import route_configuration
from authfe.edge.tls import redirect_routes, transport_socket
from authfe.edge.typed import Config, extension

_HTTP_CONNECTION_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

#: How long a caller may take to agree on TLS.
_HANDSHAKE_TIMEOUT = "10s"


def listeners(deployment: Deployment, http_filters: Sequence[Config], secrets: Path) -> list[Config]:
    """The listener that serves, and where there is one the plain listener that redirects to it."""
    hops = deployment.trusted_hops
    manager = _manager("edge", hops, route_configuration(deployment), http_filters, deployment.collector)
    edge = _listener("edge", deployment.listen, manager)
    if deployment.tls:
        edge["filter_chains"][0]["transport_socket"] = transport_socket(secrets)
        edge["filter_chains"][0]["transport_socket_connect_timeout"] = _HANDSHAKE_TIMEOUT
    if not deployment.redirect:
        return [edge]
    manager = _manager("redirect", hops, redirect_routes(deployment), redirecting_filters())
    return [edge, _listener("redirect", deployment.redirect, manager)]


def _listener(name: str, listen: str, manager: Config) -> Config:
    return {
        "name": name,
        "address": socket_address(parse_address(listen)),
        "per_connection_buffer_limit_bytes": 256 * 1024,
        "filter_chains": [{"filters": [manager]}],
    }


def _manager(
    name: str, hops: int, routes: Config, http_filters: Sequence[Config], collector: Collector | None = None
) -> Config:
    """Reads HTTP, with everything that bounds what a caller may make it hold."""
    return extension(
        "envoy.filters.network.http_connection_manager",
        _HTTP_CONNECTION_MANAGER,
        stat_prefix=name,
        codec_type="AUTO",
        **_headers(hops),
        **_paths(),
        **_times(),
        common_http_protocol_options=_common(),
        http2_protocol_options=_http2(),
        **telemetry.tracing(collector),
        access_log=[access_log(traced=collector is not None), *telemetry.access_logs(collector)],
        local_reply_config=local_replies(),
        route_config=routes,
        http_filters=list(http_filters),
    )


def _headers(hops: int) -> Config:
    # Nobody's address is an internal one, whose x-envoy-* headers would be obeyed. Of the addresses in X-Forwarded-For
    # the client's is the one that the outermost of the trusted proxies has added; with none it is who connects.
    return {
        "max_request_headers_kb": HEADER_KB,
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": True,
        "xff_num_trusted_hops": hops,
        "internal_address_config": {"unix_sockets": False},
        "request_id_extension": _request_ids(),
    }


def _request_ids() -> Config:
    return {
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
            "pack_trace_reason": False,
        }
    }


def _paths() -> Config:
    # An escaped slash belongs to a node's id, not to the path.
    return {"normalize_path": True, "merge_slashes": False, "path_with_escaped_slashes_action": "KEEP_UNCHANGED"}


def _times() -> Config:
    # Routes to streams switch the idle timeout off.
    return {
        "request_headers_timeout": "10s",
        "stream_idle_timeout": "60s",
        "delayed_close_timeout": "1s",
        "drain_timeout": "5s",
    }


def _common() -> Config:
    # Who never ends a request would have the edge keep for ever what it holds of it; streams have no such bound.
    return {
        "idle_timeout": "300s",
        "max_stream_duration": "60s",
        "max_headers_count": HEADERS,
        "headers_with_underscores_action": "DROP_HEADER",
    }


def _http2() -> Config:
    # A probe has a few streams; a program that reads for many organizations may have hundreds.
    return {
        "max_concurrent_streams": STREAMS,
        "initial_stream_window_size": 256 * 1024,
        "initial_connection_window_size": 1024 * 1024,
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
    }
