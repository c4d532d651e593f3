"""What the probe says while it runs: one line an event, on standard error, in plain words."""

import logging
import sys

import structlog


def configure() -> None:
    """Set logging up for the whole process; colours only where somebody watches.

    What the SDK logs is left out, for it is what we say ourselves, but for what others do here.
    """
    logging.getLogger("scope_sdk").setLevel(logging.CRITICAL)
    calls = logging.getLogger("scope_sdk.calls")
    calls.setLevel(logging.INFO)
    calls.propagate = False
    calls.handlers = [_Ours()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S"),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


class _Ours(logging.Handler):
    """Says what the SDK logs as a line of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        structlog.get_logger().log(record.levelno, record.getMessage(), exc_info=record.exc_info)
