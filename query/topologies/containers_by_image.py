"""Containers, those of one image together, whatever its tag and its registry."""

from query.images import image_group
from query.topologies.bases import CONTAINERS
from query.topologies.definition import Definition
from query.topologies.mapping import group_by
from scope.report.v1.topology_pb2 import Topology

TOPOLOGY = Definition(
    id="containers-by-image",
    name="by image",
    rank=2,
    parent="containers",
    base=CONTAINERS,
    group=group_by(image_group),
    kinds=(Topology.TOPOLOGY_CONTAINER_IMAGE,),
    options=("system", "stopped", "uncontained", "namespace"),
)
