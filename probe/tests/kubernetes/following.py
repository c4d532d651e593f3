"""A reporter that follows an API server of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from probe.tests.kubernetes.api_server import ApiServer
from scope.report.v1.topology_pb2 import Topology
from scope_probe.kubernetes import Role
from scope_probe.kubernetes.reporter import Kubernetes
from scope_sdk.report import ids
from scope_sdk.report.builder import Builder
from scope_sdk.report.nodes import NodeFacts

HOST = "ant.example.com"


@dataclass
class Followed:
    kubernetes: Kubernetes
    #: Set when it says that something changed.
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def report(self) -> Builder:
        builder = Builder().add(NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id(HOST)))
        self.kubernetes.add_to(builder)
        builder.check()
        return builder

    def names(self, kind: str = "pod") -> set[str]:
        """Labels of the nodes of one kind."""
        topology = ids.topology_of(kind)
        return {node.label for node in self.report().nodes.values() if node.topology == topology}


@asynccontextmanager
async def followed(role: Role, node: str = "ant") -> AsyncIterator[Followed]:
    """One that has its first answers."""
    found = Followed(Kubernetes(role, HOST, node))
    running = asyncio.create_task(found.kubernetes.run(found.changed.set))
    try:
        await asyncio.sleep(0)
        await found.kubernetes.answered()
        yield found
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def asked(api: ApiServer, resource: str, *, watch: bool) -> Iterator[dict[str, str]]:
    """The parameters of the lists, or the watches, that were asked for."""
    return (query for name, query in api.requests if name == resource and (query.get("watch") == "true") == watch)
