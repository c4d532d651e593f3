"""Compiles the contracts into Envoy's configuration: routes, access, transcoding, and the bounds of an edge."""

from authfe.edge.deployment import Deployment, Tls
from authfe.edge.output import write

__all__ = ["Deployment", "Tls", "write"]
