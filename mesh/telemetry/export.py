"""Where traces and metrics go: Prometheus reads metrics from a port, a collector is sent both by OTLP over gRPC.

OpenTelemetry's own environment variables say where the collector is and what is sampled; docs/telemetry.md lists them.
Threads of the SDK do the sending. What a collector that is away does not take in time is dropped; that it is away, and
that it is back, is said once.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_NAMESPACE, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from prometheus_client import start_http_server
from typing_extensions import override

from mesh.settings import ProcessSettings

#: How long a process that leaves waits for the collector to take the rest, in seconds.
_PATIENCE = 2.0

_log = structlog.get_logger()


@contextmanager
def exporting(service: str, settings: ProcessSettings) -> Iterator[None]:
    """Exports as the environment says while the body runs; what is left is sent at its end, which waits 2 s at most.

    Raises:
        ValueError: the environment asks for a protocol that is not spoken here.
    """
    providers = _begin(service, settings)
    try:
        yield
    finally:
        _end(providers)


def _begin(service: str, settings: ProcessSettings) -> list[MeterProvider | TracerProvider]:
    # It repeats itself as long as the collector is away, which we say once, and for every caller's odd header.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    collected = _collected()
    resource = _resource(service, settings)
    providers: list[MeterProvider | TracerProvider] = []
    if readers := _readers(settings, collected=collected):
        measuring = MeterProvider(readers, resource, shutdown_on_exit=False)
        metrics.set_meter_provider(measuring)
        providers.append(measuring)
    if collected:
        tracing = TracerProvider(resource=resource, shutdown_on_exit=False)
        tracing.add_span_processor(BatchSpanProcessor(_Spans()))
        trace.set_tracer_provider(tracing)
        providers.append(tracing)
    return providers


def _collected() -> bool:
    """Whether there is a collector."""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    if protocol != "grpc":
        raise ValueError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}; only 'grpc' is spoken here")
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def _resource(service: str, settings: ProcessSettings) -> Resource:
    instance = f"{socket.gethostname()}:{settings.listen.rpartition(':')[2]}"
    return Resource.create({SERVICE_NAMESPACE: "scope", SERVICE_NAME: service, SERVICE_INSTANCE_ID: instance})


def _readers(settings: ProcessSettings, *, collected: bool) -> list[MetricReader]:
    readers: list[MetricReader] = []
    if settings.metrics_listen:
        host, _, port = settings.metrics_listen.rpartition(":")
        readers.append(PrometheusMetricReader())
        start_http_server(int(port), host)
    if collected:
        readers.append(PeriodicExportingMetricReader(_Metrics()))
    return readers


def _end(providers: Sequence[MeterProvider | TracerProvider]) -> None:
    """Sends what is left, side by side; threads that are not done in time end with the process."""
    sending = [threading.Thread(target=provider.shutdown, daemon=True) for provider in providers]
    for thread in sending:
        thread.start()
    for thread in sending:
        thread.join(_PATIENCE / len(sending))


class _Heard:
    """Says when the collector goes away, and when it is back."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._away = False

    def note(self, *, taken: bool) -> None:
        if self._away == taken:
            self._away = not taken
            log = _log.info if taken else _log.warning
            log("the collector takes them again" if taken else "the collector takes none", what=self._what)


class _Spans(OTLPSpanExporter):
    def __init__(self) -> None:
        super().__init__()
        self._heard = _Heard("traces")

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self._heard.note(taken=result is SpanExportResult.SUCCESS)
        return result


class _Metrics(OTLPMetricExporter):
    def __init__(self) -> None:
        super().__init__()
        self._heard = _Heard("metrics")

    @override
    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **options: Any) -> MetricExportResult:
        result = super().export(metrics_data, timeout_millis, **options)
        self._heard.note(taken=result is MetricExportResult.SUCCESS)
        return result
