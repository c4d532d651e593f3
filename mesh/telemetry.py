"""Metrics: OpenTelemetry instruments, read by Prometheus from each process's own port.

Where no port is configured nothing is collected, and instruments cost next to nothing.
"""

from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from prometheus_client import start_http_server

from mesh.settings import Settings

#: Where instruments are made.
meter = metrics.get_meter("scope")


def configure(service: str, settings: Settings) -> None:
    """Serves the process's metrics at METRICS_LISTEN, if it is set."""
    if not settings.metrics_listen:
        return
    host, _, port = settings.metrics_listen.rpartition(":")
    resource = Resource.create({SERVICE_NAME: service})
    metrics.set_meter_provider(MeterProvider([PrometheusMetricReader()], resource=resource))
    start_http_server(int(port), host)
