"""What the probe says while it runs: one line an event, on standard error, in plain words."""

import logging
import sys

import structlog


def configure() -> None:
    """Set logging up for the whole process; colours only where somebody watches.

    What the SDK logs is left out: it is what we say ourselves.
    """
    logging.getLogger("scope_sdk").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S"),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
