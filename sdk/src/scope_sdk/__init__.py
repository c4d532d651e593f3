"""What a program needs to report to Scope as a Service."""

from scope_sdk.report import ids
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts

__all__ = ["Builder", "NodeFacts", "ReportError", "ids"]
