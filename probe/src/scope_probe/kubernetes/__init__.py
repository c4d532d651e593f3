"""The Kubernetes reporter: pods, services, what controls them, namespaces and nodes, followed through the API server.

Nothing here but `reporter` and what it imports needs the package `kubernetes`, which takes a second to import.
"""

import enum
import importlib.util


class Role(enum.StrEnum):
    """What a probe asks the API server for."""

    #: The pods of its own host: one probe on each.
    HOST = "host"
    #: Everything in the cluster: one probe for each cluster.
    CLUSTER = "cluster"


def is_installed() -> bool:
    """Whether the package that speaks to API servers is there."""
    return importlib.util.find_spec("kubernetes") is not None
