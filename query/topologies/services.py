"""Services."""

from query.topologies.bases import PODS, SERVICE
from query.topologies.definition import Definition
from query.topologies.mapping import parents_of

TOPOLOGY = Definition(
    id="services",
    name="Services",
    rank=3,
    parent="pods",
    hide_if_empty=True,
    base=PODS,
    group=parents_of(SERVICE),
    kinds=(SERVICE,),
    options=("unmanaged", "namespace"),
)
