"""Spans, and the W3C trace context by which they find each other across processes.

Traces begin at the edge, or at whoever calls it; a service begins one only where a declared span says so. What comes
unsampled stays unsampled and costs no span: its context is passed on, so that logs can be joined by it.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

#: The header, or gRPC metadata, or header of a message of the bus, that carries the context.
HEADER = "traceparent"

_tracer = trace.get_tracer("scope")
_propagator = TraceContextTextMapPropagator()


class Span:
    """A kind of step, as it was declared; where the declared name stands for many, each says its own."""

    def __init__(self, name: str, kind: SpanKind) -> None:
        self._name = name
        self._kind = kind

    def join(self, carrier: Mapping[str, str], name: str, attributes: Attributes) -> trace.Span:
        """Makes the context that came with a call the one of this task; a span of it where it is sampled."""
        if HEADER not in carrier:
            return trace.INVALID_SPAN
        caller = _propagator.extract(carrier)
        span = trace.get_current_span(caller)
        if _is_sampled(span.get_span_context()):
            span = _tracer.start_span(name, caller, self._kind, attributes)
            caller = trace.set_span_in_context(span)
        # Never detached: the task ends with the call.
        context.attach(caller)
        return span

    @contextmanager
    def within(self, name: str = "", attributes: Attributes = None) -> Iterator[trace.Span]:
        """A part of what is under way, if that is sampled."""
        if not _is_sampled(trace.get_current_span().get_span_context()):
            yield trace.INVALID_SPAN
            return
        with _opened(_tracer.start_span(name or self._name, kind=self._kind, attributes=attributes)) as span:
            yield span

    @contextmanager
    def apart(self) -> Iterator[trace.Span]:
        """The beginning of a trace of its own, if the sampler says so, linked to what is under way."""
        around = trace.get_current_span().get_span_context()
        links = [Link(around)] if around.is_valid else []
        span = _tracer.start_span(self._name, Context(), self._kind, links=links)
        if not span.get_span_context().is_valid:  # nobody collects any
            yield span
            return
        with _opened(span):
            yield span

    @contextmanager
    def after(self, causes: Sequence[SpanContext]) -> Iterator[list[SpanContext]]:
        """What follows from spans of other steps: one in the trace of each; yields their contexts."""
        with ExitStack() as opened:
            spans = [opened.enter_context(_opened(self._following(cause))) for cause in causes]
            yield [span.get_span_context() for span in spans]

    def _following(self, cause: SpanContext) -> trace.Span:
        return _tracer.start_span(self._name, trace.set_span_in_context(NonRecordingSpan(cause)), self._kind)


def received(carrier: Mapping[str, str]) -> SpanContext | None:
    """The context that came with a message; None unless it is sampled."""
    if HEADER not in carrier:
        return None
    found = trace.get_current_span(_propagator.extract(carrier)).get_span_context()
    return found if _is_sampled(found) else None


def pass_on(carrier: MutableMapping[str, str]) -> None:
    """Sends the context of what is under way along; of messages that is worth it only where it is sampled."""
    _propagator.inject(carrier)


def _is_sampled(found: SpanContext) -> bool:
    return found.is_valid and found.trace_flags.sampled


@contextmanager
def _opened(span: trace.Span) -> Iterator[trace.Span]:
    """Makes a span the current one, and ends it; of an error it says the kind: its words may name people's things."""
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise
