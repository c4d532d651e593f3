"""Pods."""

from query.topologies.bases import POD, PODS
from query.topologies.definition import Definition
from query.topologies.mapping import only

TOPOLOGY = Definition(
    id="pods",
    name="Pods",
    rank=3,
    hide_if_empty=True,
    base=PODS,
    group=only(POD),
    kinds=(POD,),
    options=("unmanaged", "namespace"),
)
