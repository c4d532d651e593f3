"""Compiles the contracts into Envoy's configuration: routes, access, transcoding, and the bounds of an edge."""

from authfe.edge.deployment import Collector, Deployment, Tls, parse_address
from authfe.edge.output import write
from mesh.origins import Origins, Site, on_loopback

__all__ = ["Collector", "Deployment", "Origins", "Site", "Tls", "on_loopback", "parse_address", "write"]
