"""Pseudo nodes: what connections lead to beside the things that probes report."""

from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

#: The internet where it opens connections, and where it is connected to.
INTERNETS = frozenset({INTERNET_IN, INTERNET_OUT})
#: What the ids of a known service begin with, before its name.
SERVICE = "service-"
#: What the ids of a network begin with, before `SUBNET` or `SCOPE;SUBNET`.
NETWORK = "pseudo:network:"
_PREFIX = "pseudo:"


def is_pseudo(node: str) -> bool:
    """Whether an id is that of a pseudo node."""
    return node in INTERNETS or node.startswith(_PREFIX) or (node.startswith(SERVICE) and ";" not in node)
