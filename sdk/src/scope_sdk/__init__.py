"""What a program needs to report to Scope as a Service."""

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.channel import Service
from scope_sdk.controls import Call, ControlError, Controller, Controls, Removed, Stream, Terminal
from scope_sdk.errors import PublishError
from scope_sdk.pipes import Ended, Pipe, PipeEnded, attach
from scope_sdk.publish import Acknowledged, Publisher, publish_once
from scope_sdk.report import ids
from scope_sdk.report.addresses import Endpoint
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts

__all__ = [
    "Acknowledged",
    "Builder",
    "Call",
    "ControlError",
    "Controller",
    "Controls",
    "Ended",
    "Endpoint",
    "NodeFacts",
    "Pipe",
    "PipeEnded",
    "PublishError",
    "Publisher",
    "Removed",
    "ReportError",
    "Service",
    "Stream",
    "Terminal",
    "Topology",
    "attach",
    "ids",
    "publish_once",
]
