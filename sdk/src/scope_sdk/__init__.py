"""What a program needs to report to Scope as a Service."""

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.channel import Service
from scope_sdk.errors import PublishError
from scope_sdk.publish import Acknowledged, Publisher, publish_once
from scope_sdk.report import ids
from scope_sdk.report.addresses import Endpoint
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts

__all__ = [
    "Acknowledged",
    "Builder",
    "Endpoint",
    "NodeFacts",
    "PublishError",
    "Publisher",
    "ReportError",
    "Service",
    "Topology",
    "ids",
    "publish_once",
]
