"""Logs: one line of JSON an event on standard error, or coloured text for people."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from opentelemetry import trace
from structlog.tracebacks import ExceptionDictTransformer

from mesh.settings import ProcessSettings

#: Characters of a name that a line is about, at most; as many of a node's id as the audit has.
LENGTH = 254

#: Without the values of variables: tokens and people's data are among them.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


class _StandardError:
    """Standard error that may be gone: a service does not end, nor fail a call, because nobody reads its log."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def _trace_context(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Joins a line to the trace that it was logged in."""
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        event["trace_id"] = trace.format_trace_id(current.trace_id)
        event["span_id"] = trace.format_span_id(current.span_id)
    return event


def about(**names: str) -> None:
    """Has the lines of the current RPC, and of what it begins, say from now on what it is about, each cut to LENGTH."""
    structlog.contextvars.bind_contextvars(**{name: value[:LENGTH] for name, value in names.items()})


def configure(service: str, settings: ProcessSettings) -> None:
    """Sets logging up for the whole process; what libraries log goes the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _trace_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        _TRACEBACKS if settings.log_format == "json" else structlog.dev.set_exc_info,
    ]
    render: structlog.typing.Processor = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.plain_traceback
    )
    if settings.log_format == "json":
        render = structlog.processors.JSONRenderer()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
