"""Pseudo nodes: what connections lead to beside the things that probes report."""

from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

#: The internet where it opens connections, and where it is connected to.
INTERNETS = frozenset({INTERNET_IN, INTERNET_OUT})
#: What the ids of a known service begin with, before its name.
SERVICE = "service-"
#: What the ids of a network begin with, before `SUBNET` or `SCOPE;SUBNET`.
NETWORK = "pseudo:network:"
#: What the ids of what is in no container of a host begin with, and of what nothing manages there, before its name.
UNCONTAINED = "pseudo:uncontained:"
UNMANAGED = "pseudo:unmanaged:"
_RESTS = (UNCONTAINED, UNMANAGED)
_PREFIX = "pseudo:"
_PREFIXES = (_PREFIX, SERVICE, *INTERNETS)


def is_pseudo(node: str) -> bool:
    """Whether an id is that of a pseudo node."""
    # Nearly all ids are those of something else: one look tells.
    return node.startswith(_PREFIXES) and (node.startswith(_PREFIX) or is_outside(node))


def is_outside(node: str) -> bool:
    """Whether an id is that of a pseudo node that stands for what no probe reports."""
    return node in INTERNETS or node.startswith(NETWORK) or (node.startswith(SERVICE) and ";" not in node)


def is_rest(node: str) -> bool:
    """Whether an id is that of a pseudo node that stands for the rest of a host."""
    return node.startswith(_RESTS)
