"""What topologies are made of."""

from query.pseudo import UNCONTAINED, UNMANAGED
from query.topologies.definition import Base
from query.topologies.mapping import by_kind, by_parents, owner, rest
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import CONTAINER, HOST, PROCESS
from scope_sdk.report.merge import Facts

POD = Topology.TOPOLOGY_POD
SERVICE = Topology.TOPOLOGY_SERVICE
CONTROLLERS = (
    Topology.TOPOLOGY_DEPLOYMENT,
    Topology.TOPOLOGY_DAEMON_SET,
    Topology.TOPOLOGY_STATEFUL_SET,
    Topology.TOPOLOGY_CRON_JOB,
    Topology.TOPOLOGY_JOB,
)

_unmanaged = rest(UNMANAGED)
_pod_of_container = by_parents({POD: owner, HOST: _unmanaged})


def _container_ended(container: Facts) -> bool:
    return container.texts.get("docker_container_state") == "deleted"


def _pod_ended(pod: Facts) -> bool:
    return pod.topology == POD and pod.texts.get("kubernetes_state") in ("deleted", "Failed")


PROCESSES = Base(id="processes", kinds={PROCESS}, place=by_kind({PROCESS: owner}))

CONTAINERS = Base(
    id="containers",
    kinds={CONTAINER},
    place=by_kind({CONTAINER: owner, PROCESS: by_parents({CONTAINER: owner, HOST: rest(UNCONTAINED)})}),
    related={Topology.TOPOLOGY_CONTAINER_IMAGE},
    ended=_container_ended,
)

PODS = Base(
    id="pods",
    kinds={POD, SERVICE, *CONTROLLERS},
    place=by_kind(
        {
            POD: owner,
            SERVICE: owner,
            CONTAINER: _pod_of_container,
            PROCESS: by_parents({POD: owner, CONTAINER: _pod_of_container, HOST: _unmanaged}),
        }
    ),
    through={CONTAINER},
    ended=_pod_ended,
)

HOSTS = Base(id="hosts", kinds={HOST}, place=by_kind({HOST: owner}, otherwise=by_parents({HOST: owner})))
