"""What the edge tells a collector by OTLP over gRPC: traces, metrics and a log of requests; nothing without one.

Neither paths nor headers are told: they name what people have, and whose it is. The name of a route is the RPC's.
"""

from authfe.edge.clusters import cluster
from authfe.edge.deployment import Collector, parse_address
from authfe.edge.typed import Config, extension

_CLUSTER = "collector"
_RESOURCE = {"service.namespace": "scope", "service.name": "edge"}
_SAMPLERS = "envoy.extensions.tracers.opentelemetry.samplers.v3"
_MILLION = 1_000_000

#: What a request's line says, as OpenTelemetry names it.
_FIELDS = {
    "http.request.method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
    "http.response.status_code": "%RESPONSE_CODE%",
    "http.request.body.size": "%BYTES_RECEIVED%",
    "http.response.body.size": "%BYTES_SENT%",
    "rpc.method": "%ROUTE_NAME%",
    "rpc.response.status_code": "%GRPC_STATUS%",
    "envoy.response_flags": "%RESPONSE_FLAGS%",
    "envoy.response_code_details": "%RESPONSE_CODE_DETAILS%",
    "envoy.duration_ms": "%DURATION%",
}


def clusters(collector: Collector | None) -> list[Config]:
    """The collector as Envoy reaches it."""
    return [cluster(_CLUSTER, [parse_address(collector.address)])] if collector else []


def tracing(collector: Collector | None) -> Config:
    """How requests are traced: a trace that a caller began goes on as the caller has it, of all others some are."""
    if not collector:
        return {}
    provider = extension(
        "envoy.tracers.opentelemetry",
        "envoy.config.trace.v3.OpenTelemetryConfig",
        grpc_service=_service(),
        service_name=_RESOURCE["service.name"],
        resource_detectors=_resource_detectors(),
        sampler=_sampler(collector.sampled),
    )
    # What an error says may name what people have.
    unsaid = [{"tag": "grpc.message", "literal": {"value": "-"}}]
    settings = {"provider": provider, "spawn_upstream_span": True, "max_path_tag_length": 0, "custom_tags": unsaid}
    return {"tracing": {**settings, "operation": "%ROUTE_NAME%", "upstream_operation": "%ROUTE_NAME%"}}


def access_logs(collector: Collector | None) -> list[Config]:
    """A line for each request, joined to its trace."""
    if not collector:
        return []
    log = extension(
        "envoy.access_loggers.open_telemetry",
        "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
        log_name="edge",
        grpc_service=_service(),
        disable_builtin_labels=True,
        resource_attributes=_values(_RESOURCE),
        body={"string_value": "%ROUTE_NAME%"},
        attributes=_values(_FIELDS),
    )
    return [{**log, "filter": {"not_health_check_filter": {}}}]


def stats(collector: Collector | None) -> Config:
    """How Envoy's own metrics leave."""
    if not collector:
        return {}
    sink = extension(
        "envoy.stat_sinks.open_telemetry",
        "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig",
        grpc_service=_service(),
        resource_detectors=_resource_detectors(),
        prefix="envoy",
    )
    return {"stats_sinks": [sink], "stats_flush_interval": "10s"}


def _service() -> Config:
    return {"envoy_grpc": {"cluster_name": _CLUSTER}, "timeout": "5s"}


def _resource_detectors() -> list[Config]:
    return [
        extension(
            "envoy.tracers.opentelemetry.resource_detectors.static_config",
            "envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig",
            attributes=_RESOURCE,
        )
    ]


def _sampler(ratio: float) -> Config:
    share = {"numerator": round(ratio * _MILLION), "denominator": "MILLION"}
    wrapped = extension(
        "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
        f"{_SAMPLERS}.TraceIdRatioBasedSamplerConfig",
        sampling_percentage=share,
    )
    return extension(
        "envoy.tracers.opentelemetry.samplers.parent_based",
        f"{_SAMPLERS}.ParentBasedSamplerConfig",
        wrapped_sampler=wrapped,
    )


def _values(attributes: dict[str, str]) -> Config:
    return {"values": [{"key": name, "value": {"string_value": value}} for name, value in attributes.items()]}
