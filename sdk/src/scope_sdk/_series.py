"""Which report to send next: a full one, or a delta against the newest full one that was acknowledged."""

from __future__ import annotations

import time
from dataclasses import dataclass

from scope.report.v1.report_pb2 import Report
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.limits import REPORT_BYTES

FULL_EVERY_SECONDS = 60.0
"""A full report goes out at least this often. The report log keeps far more than twice as long."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A report and the bytes that it travels as."""

    report: Report
    body: bytes


class Series:
    """The reports of one epoch."""

    def __init__(self, epoch: int) -> None:
        self._encoder = Encoder(epoch)
        self._base: Encoded | None = None
        self._base_stored = 0.0
        self._whole = True

    def next(self, builder: Builder) -> Encoded:
        """The report to send for what a builder holds. Raises ReportError where it cannot become one."""
        base = self._base
        if base is None or self._whole or time.monotonic() - self._base_stored >= FULL_EVERY_SECONDS:
            return _encoded(self._encoder.full(builder))
        delta = _encoded(self._encoder.delta(builder, base.report))
        return delta if 2 * len(delta.body) <= len(base.body) else _encoded(self._encoder.full(builder))

    def acknowledged(self, encoded: Encoded) -> None:
        """The report was stored."""
        if not encoded.report.base:
            self._base = encoded
            self._base_stored = time.monotonic()
            self._whole = False

    def uncertain(self) -> None:
        """It is not known what became of a report: the next one is full."""
        self._whole = True


def _encoded(report: Report) -> Encoded:
    body = report.SerializeToString()
    if len(body) > REPORT_BYTES:
        raise ReportError("report", f"has {len(body)} bytes, more than {REPORT_BYTES}")
    return Encoded(report, body)
