"""Reports what the API server says. Importing this takes a second, for it imports the client."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import structlog

from scope_probe.containers.nodes import within
from scope_probe.kubernetes import Role, api
from scope_probe.kubernetes.controls import KubernetesControls
from scope_probe.kubernetes.following import Follower, Troubles
from scope_probe.kubernetes.objects import Thing
from scope_probe.kubernetes.relations import Relations, node_ports
from scope_probe.scopes import Translation
from scope_sdk.controls import Controls
from scope_sdk.report import ids, limits, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts

#: How long to wait for the first answer where one report is all there will be.
FIRST_SECONDS = 10.0
#: Pods and all the rest: about two thirds of the bytes that a report may have.
NODES = 20_000
#: Ports that lead to pods and services: fifty for each node of a cluster of a thousand.
TRANSLATIONS = 50_000
#: How much longer than it takes to report everything nothing is told after that: a large cluster always changes.
_REST = 20
_CONTROLLERS = ("deployments", "daemonsets", "statefulsets", "cronjobs", "jobs")


class Kubernetes:
    """What runs in a cluster, or of that on one host, as the API server said last.

    Args:
        role: which of the two.
        host: what this host is called in reports.
        node: what it is called in the cluster.

    Raises:
        ConfigurationError: nothing tells where the API server is.
    """

    def __init__(self, role: Role, host: str, node: str) -> None:
        self._server = api.connect()
        resources = api.of_node(self._server, node) if role is Role.HOST else api.of_cluster(self._server)
        troubles = Troubles()
        self._followers = {one.name: Follower(one, troubles, self._happened) for one in resources}
        self._own_host = {node: ids.host_id(host)} if role is Role.HOST else {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: Callable[[], None] = lambda: None
        self._offers: Callable[[str], bool] = lambda _: False
        self._telling: asyncio.TimerHandle | None = None
        self._rested = 0.0
        self._left_out = False
        self._log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

    def register(self, controls: Controls) -> None:
        """Takes calls, and reports from now on what can be done to each node."""
        KubernetesControls(self._server, self._find, self._followers.keys()).register(controls)
        self._offers = controls.allowed

    async def run(self, changed: Callable[[], None]) -> None:
        """Follows it until cancelled, and calls `changed` when something happened."""
        self._loop, self._changed = asyncio.get_running_loop(), changed
        for follower in self._followers.values():
            follower.start()
        try:
            await asyncio.Event().wait()
        finally:
            for follower in self._followers.values():
                follower.stop()

    async def answered(self) -> None:
        """Waits until everything was asked for once, for FIRST_SECONDS at most; says what did not come by then."""
        deadline = time.monotonic() + FIRST_SECONDS
        late = []
        for name, follower in self._followers.items():
            if not await asyncio.to_thread(follower.tried.wait, max(0.0, deadline - time.monotonic())):
                late.append(name)
        if late:
            self._log.warning("Kubernetes does not answer in time; the first report goes without", kinds=late)

    def add_to(self, builder: Builder) -> None:
        """Adds what is known to a report that has this host already, as far as there is room."""
        began = time.monotonic()
        nodes, translations = self._found()
        for kind in {node.topology for node in nodes}:
            builder.template(standard.STANDARD[kind])
        room = min(NODES, limits.NODES - len(builder.nodes))
        for node in islice(within(nodes), room):
            with suppress(ReportError):  # anybody may give a pod the id of another, and the two be too much for one
                builder.add(node)
        self._say_left_out(len(nodes) - room)
        for original, translated in islice(
            translations, min(TRANSLATIONS, limits.CONNECTIONS - len(builder.translations))
        ):
            builder.translate(original, translated)
        now = time.monotonic()
        self._rested = now + _REST * (now - began)

    def _found(self) -> tuple[list[NodeFacts], Iterable[Translation]]:
        """Parents before what belongs to them."""
        pods, services, hosts = self._things("pods"), self._things("services"), self._things("nodes")
        namespaces = self._things("namespaces")
        controllers = [thing for name in _CONTROLLERS for thing in self._things(name)]
        relations = Relations(
            hosts={host.name: host.node.id for host in hosts} | self._own_host,
            namespaces={namespace.name: namespace.node.id for namespace in namespaces},
            controllers={thing.uid: thing for thing in chain(controllers, self._things("replicasets"))},
            services=services,
        )
        nodes = [replace(thing.node) for thing in chain(hosts, namespaces, services)]
        nodes += [relations.controller(thing) for thing in controllers]
        nodes += [relations.pod(pod) for pod in pods]
        for node in nodes:
            node.controls = [*filter(self._offers, node.controls)]
        ports = (translation for thing in chain(services, pods) for translation in thing.translations)
        return nodes, chain(ports, node_ports(services, hosts))

    def _say_left_out(self, count: int) -> None:
        if count > 0 and not self._left_out:
            self._log.warning("the cluster has more than a report holds; pods are left out", left_out=count)
        self._left_out = count > 0

    def _find(self, resource: str, node: str) -> Thing | None:
        """What a node is, if it is one of this kind."""
        return next((thing for thing in self._things(resource) if thing.node.id == node), None)

    def _things(self, name: str) -> list[Any]:
        return self._followers[name].things() if name in self._followers else []

    def _happened(self) -> None:
        """Called by followers, in their threads; a probe that ends has nobody to tell."""
        if self._loop:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell_soon)

    def _tell_soon(self) -> None:
        """Tells now, or, where telling takes long and something happens all the time, after a rest."""
        if self._telling is None:
            rest = max(0.0, self._rested - time.monotonic())
            self._telling = asyncio.get_running_loop().call_later(rest, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._changed()
