"""A collector of OpenTelemetry that keeps what it is sent."""

from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True)
class Span:
    """A span, and the service that had it."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: frozenset[str]


class Collector:
    """What was sent so far, in the order in which it came."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        #: By service, the attributes of each of its metrics.
        self.metrics: dict[str, dict[str, set[str]]] = {}
        #: The trace of each line of a log.
        self.logged: list[str] = []
        #: Everything as text.
        self.texts: list[str] = []

    def traced(self, request: Any) -> None:
        for one in request.resource_spans:
            service = _service(one.resource.attributes)
            self.spans += [_span(service, span) for scope in one.scope_spans for span in scope.spans]

    def measured(self, request: Any) -> None:
        for one in request.resource_metrics:
            known = self.metrics.setdefault(_service(one.resource.attributes), {})
            for metric in (metric for scope in one.scope_metrics for metric in scope.metrics):
                points = getattr(metric, metric.WhichOneof("data")).data_points
                known.setdefault(metric.name, set()).update(
                    attribute.key for point in points for attribute in point.attributes
                )

    def said(self, request: Any) -> None:
        lines = [line for one in request.resource_logs for scope in one.scope_logs for line in scope.log_records]
        self.logged += [line.trace_id.hex() for line in lines]


def _service(attributes: Iterable[KeyValue]) -> str:
    return next(one.value.string_value for one in attributes if one.key == "service.name")


def _span(service: str, span: Any) -> Span:
    links = tuple(link.trace_id.hex() for link in span.links)
    attributes = frozenset(one.key for one in span.attributes)
    return Span(
        service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), links, attributes
    )


@contextmanager
def collecting(port: int) -> Iterator[Collector]:
    """A collector that listens on a loopback port."""
    collector = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    takes = {
        trace_service_pb2: collector.traced,
        metrics_service_pb2: collector.measured,
        logs_service_pb2: collector.said,
    }
    server.add_generic_rpc_handlers([_service_of(collector, module, keep) for module, keep in takes.items()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


def _service_of(collector: Collector, module: Any, keep: Callable[[Any], None]) -> grpc.GenericRpcHandler:
    (service,) = module.DESCRIPTOR.services_by_name.values()
    (export,) = service.methods
    request, answer = GetMessageClass(export.input_type), GetMessageClass(export.output_type)

    def take(told: Message, _: object) -> Message:
        collector.texts.append(str(told))
        keep(told)
        return answer()

    handler = grpc.unary_unary_rpc_method_handler(take, request.FromString, answer.SerializeToString)
    return grpc.method_handlers_generic_handler(service.full_name, {export.name: handler})
