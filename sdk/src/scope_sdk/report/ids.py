"""Node ids as they are written in answers, and the names of topologies.

`myhost;<host>` is a host, `myhost;4711` a process of it, `abc;<container>` a container; overlay peers and ECS services
have ids of their own shape, kept as they are.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.errors import ReportError

PROBE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a probe's id looks like (to be matched whole)."""

INTERNET_IN = "in-theinternet"
"""The pseudo node for outside addresses that open connections to us."""

INTERNET_OUT = "out-theinternet"
"""The pseudo node for outside addresses that we open connections to."""

PSEUDO = "pseudo:"
"""What ids of other pseudo nodes begin with, and those of no node that is reported."""

HOST = Topology.TOPOLOGY_HOST
PROCESS = Topology.TOPOLOGY_PROCESS
CONTAINER = Topology.TOPOLOGY_CONTAINER
# Named once: the enum takes half a microsecond to look a name up, and some of this runs for every node.

_PREFIX = "TOPOLOGY_"
_NAMES = MappingProxyType(
    {value: name.removeprefix(_PREFIX).lower() for name, value in Topology.items() if value != 0}  # 0 is "not said"
)
_BY_NAME = MappingProxyType({name: topology for topology, name in _NAMES.items()})

TOPOLOGIES = frozenset(_NAMES)
"""Every kind of node."""

# Tags are topology names but for these, which the ids of old never had an underscore in.
_ODD_TAGS = {"daemon_set": "daemonset", "stateful_set": "statefulset", "cron_job": "cronjob"}

WHOLE = frozenset({Topology.TOPOLOGY_OVERLAY, Topology.TOPOLOGY_ECS_SERVICE})
"""Topologies whose ids have no tag: the own part is the id."""

_SUFFIXES = MappingProxyType(
    {
        topology: f";<{_ODD_TAGS.get(name, name)}>"
        for topology, name in _NAMES.items()
        if topology not in WHOLE and topology != PROCESS
    }
)


def topology_name(topology: Topology.ValueType) -> str:
    """The topology's name as in answers: `host`, `daemon_set`. KeyError where there is no such topology."""
    return _NAMES[topology]


def topology_of(name: str) -> Topology.ValueType:
    """The topology of that name (`host`, `daemon_set`). KeyError where there is none."""
    return _BY_NAME[name]


def tag(topology: Topology.ValueType) -> str:
    """What ids of the topology end with, without the angle brackets; empty for processes and where ids have no tag."""
    return _SUFFIXES.get(topology, "")[2:-1]


def ending(topology: Topology.ValueType) -> str:
    """What ids of the topology end with: the tag with its brackets; empty for processes and where ids have no tag."""
    return _SUFFIXES.get(topology, "")


def node_id(topology: Topology.ValueType, own: str, host: str = "") -> str:
    """The id as in answers, of a node's own part and, for processes, the name of their host."""
    if topology == PROCESS:
        return f"{host};{own}"
    return own + _SUFFIXES.get(topology, "")


def host_id(name: str) -> str:
    """`myhost;<host>`."""
    return node_id(HOST, name)


def process_id(host: str, pid: int) -> str:
    """`myhost;4711`."""
    return node_id(PROCESS, str(pid), host)


def container_id(container: str) -> str:
    """`abc;<container>`, of the engine's full id."""
    return node_id(CONTAINER, container)


def parts(topology: Topology.ValueType, id_: str) -> tuple[str, str]:
    """The inverse of `node_id`: the host's name (empty but for processes) and the own part.

    Raises ReportError where the id is not one of that topology.
    """
    if topology == PROCESS:
        host, _, own = id_.partition(";")
        if not (host and own):
            raise ReportError("id", "must have the form HOST;PID")
    else:
        suffix = _SUFFIXES.get(topology, "")
        host, own = "", id_.removesuffix(suffix)
        if not (own and id_.endswith(suffix)):
            raise ReportError("id", f"must have the form NAME{suffix}")
    if not is_own_part(topology, own):
        raise ReportError("id", "must be printable, without a further ';', not beginning with 'pseudo:'")
    return host, own


def is_own_part(topology: Topology.ValueType, own: str) -> bool:
    """Whether a node of the topology can have this own part.

    It is printable, has no `;` where that separates the parts, and is not what pseudo nodes are called.
    """
    return own.isprintable() and (topology in WHOLE or ";" not in own) and not own.startswith(PSEUDO)
