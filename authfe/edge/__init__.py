"""Compiles the contracts into Envoy's configuration: routes, access, transcoding, and the bounds of an edge."""

from authfe.edge.deployment import Collector, Deployment, Tls
from authfe.edge.output import write

__all__ = ["Collector", "Deployment", "Tls", "write"]
