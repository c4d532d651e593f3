"""What collection measures, and the steps of a report's trace that it adds."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import SpanKind

from mesh.errors import ServiceError
from mesh.telemetry.declared import Instruments

_collection = Instruments("collection")

RECEIVED = _collection.counter("scope_reports_received", "{report}", "Reports and documents that arrived.")
ACKNOWLEDGED = _collection.counter("scope_reports_acknowledged", "{report}", "Those of them that are in the log.")
REFUSED = _collection.counter("scope_reports_refused", "{report}", "Those of them that were refused.", "reason")
BYTES = _collection.counter("scope_reports_bytes", "By", "What was appended to the log of them, as serialised reports.")
APPEND = _collection.duration("scope_append_duration", "How long the log took to accept a report.")

REPORT = _collection.span(
    "report",
    SpanKind.INTERNAL,
    "A report of a stream, from its arrival to its acknowledgement: the first one in the trace of its stream, every "
    "other in a trace of its own, linked to it.",
    ("error.type",),
)
REPORT_APPEND = _collection.span(
    "report append", SpanKind.PRODUCER, "The log accepts a report; its message carries the trace on.", ("error.type",)
)


@contextmanager
def counted() -> Iterator[None]:
    """Around a report: it arrives, and is acknowledged or refused."""
    RECEIVED.add()
    try:
        yield
    except ServiceError as error:
        REFUSED.add(1, error.reason_name)
        raise
    ACKNOWLEDGED.add()
