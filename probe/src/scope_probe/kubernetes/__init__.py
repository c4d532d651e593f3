"""The Kubernetes reporter: pods, services, what controls them, namespaces and nodes, followed through the API server.

What is in this file needs nothing; `reporter` imports the package `kubernetes`, which takes a second and 60 MB.
"""

import enum
import importlib.util


class Role(enum.StrEnum):
    """What a probe asks the API server for."""

    #: The pods of its own host: one probe on each.
    HOST = "host"
    #: Everything in the cluster: one probe for each cluster.
    CLUSTER = "cluster"


class ConfigurationError(Exception):
    """Nothing tells where the API server is and how to speak to it; the message says what to do."""


def is_installed() -> bool:
    """Whether the package that speaks to API servers is there."""
    return importlib.util.find_spec("kubernetes") is not None
