"""What keeps pods running: deployments, daemon sets, stateful sets, jobs and cron jobs."""

from query.topologies.bases import CONTROLLERS, PODS, unmanaged
from query.topologies.definition import Definition
from query.topologies.mapping import parents_of

TOPOLOGY = Definition(
    id="kube-controllers",
    name="Controllers",
    rank=3,
    parent="pods",
    hide_if_empty=True,
    base=PODS,
    group=parents_of(*CONTROLLERS, otherwise=unmanaged),
    kinds=CONTROLLERS,
    options=("unmanaged", "namespace"),
)
