"""What keeps pods running: deployments, daemon sets, stateful sets, jobs and cron jobs."""

from query.pseudo import UNMANAGED
from query.topologies.bases import CONTROLLERS, PODS
from query.topologies.definition import Definition
from query.topologies.mapping import parents_of, rest_of_host

TOPOLOGY = Definition(
    id="kube-controllers",
    name="Controllers",
    rank=3,
    parent="pods",
    hide_if_empty=True,
    base=PODS,
    group=parents_of(*CONTROLLERS, otherwise=rest_of_host(UNMANAGED)),
    kinds=CONTROLLERS,
    options=("unmanaged", "namespace"),
)
