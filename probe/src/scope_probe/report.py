"""Makes reports out of what the reporters see."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from scope_probe import connections, facts
from scope_probe.connections import Connection
from scope_probe.containers import nodes
from scope_probe.containers.conntrack import Conntrack
from scope_probe.containers.engines import Engines
from scope_probe.containers.model import Image
from scope_probe.containers.nodes import Here, Wish
from scope_probe.containers.reporter import ContainerReporter, Found
from scope_probe.controls import NOTHING, Active, register
from scope_probe.host import Host, HostReporter, HostSample
from scope_probe.processes import Process, ProcessReporter
from scope_probe.scopes import Scopes, Translation
from scope_sdk.controls import Controls
from scope_sdk.report import ids, limits, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts

TRANSLATIONS = limits.CONNECTIONS // 2
"""Of this host; a cluster has the other half of the room."""


class Cluster(Protocol):
    """What is known beyond this host, and followed for as long as the probe runs."""

    def register(self, controls: Controls) -> None:
        """Takes calls, and reports from now on what can be done to each node."""

    async def run(self, changed: Callable[[], None]) -> None:
        """Follows it until cancelled, and calls `changed` when something happened."""

    async def answered(self) -> None:
        """Waits until everything was asked for once, but not for ever."""

    def add_to(self, builder: Builder) -> None:
        """Adds what is known to a report that has this host already, as far as there is room."""


@dataclass(frozen=True)
class Seen:
    """What the reporters saw."""

    host: Host
    samples: Sequence[tuple[int, HostSample]] = ()
    processes: Sequence[Process] = ()
    connections: Sequence[Connection] = ()
    translations: Collection[Translation] = ()
    containers: Found = field(default_factory=Found)


@dataclass
class Reporters:
    """Every reporter of this host, known as `hostname`. Without `engines` no containers are reported."""

    hostname: str
    wish: Wish = field(default_factory=Wish)
    engines: Engines | None = None
    cluster: Cluster | None = None
    #: Set whenever something happened that is worth a report; whoever makes one clears it.
    changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _host: HostReporter = field(init=False)
    _processes: ProcessReporter = field(init=False)
    _containers: ContainerReporter | None = field(init=False)
    _conntrack: Conntrack = field(default_factory=Conntrack, init=False)
    _samples: list[tuple[int, HostSample]] = field(default_factory=list, init=False)
    _controls: Controls = field(default_factory=Controls, init=False)

    def __post_init__(self) -> None:
        self._host = HostReporter(self.hostname)
        self._processes = ProcessReporter(self.wish.arguments, self.wish.secret)
        self._containers = ContainerReporter(self.engines) if self.engines else None

    def register(self, controls: Controls) -> None:
        """Takes calls, and reports from now on what can be done to each node."""
        register(controls, self.hostname, self.engines, self._processes.started)
        if self.cluster:
            self.cluster.register(controls)
        self._controls = controls

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follows those that tell when something happens."""
        tasks = [asyncio.create_task(source.run(self.changed.set)) for source in self._followed()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def answered(self) -> None:
        """Waits until those that are followed have said what there is, but not for ever."""
        await asyncio.gather(*(source.answered() for source in self._followed()))

    def sample(self) -> None:
        """Take the cheap values."""
        now = time.time_ns() // 1_000_000
        self._samples.append((now, self._host.sample()))
        self._processes.sample(now)
        if self._containers:
            self._containers.sample(now)

    def report(self) -> Builder:
        """Take a sample, then all the rest, and report both with the samples since the last report."""
        self.sample()
        return self._report()

    def interim(self) -> Builder:
        """Report what is there now, without a sample: too soon after another it would say little about processors."""
        self._processes.look()
        return self._report()

    def _report(self) -> Builder:
        found = connections.collect()
        processes = self._processes.collect(found.open_files)
        containers = self._containers.collect(process.pid for process in processes) if self._containers else Found()
        samples, self._samples = self._samples, []
        translations = self._conntrack.translations()
        seen = Seen(self._host.collect(), samples, processes, found.connections, translations, containers)
        builder = build(seen, self.wish, Active(self._controls, containers.controlled))
        if self.cluster:
            self.cluster.add_to(builder)
        return builder

    def _followed(self) -> list[Engines | Cluster]:
        return [source for source in (self.engines, self.cluster) if source is not None]


def build(seen: Seen, wish: Wish, active: Active = NOTHING) -> Builder:
    """One report. Beyond what a report may hold, the newest processes and the last connections are left out."""
    builder, host = Builder(), seen.host
    scopes = Scopes.of(host.name, seen.containers.networks)
    builder.template(standard.PROCESS)
    builder.add(facts.host_node(host, seen.samples, scopes, active))
    here = Here(scopes, host.memory_max, time.time())
    for node in nodes.within(_container_nodes(seen.containers, here, wish, active)):
        node.parents = [parent for parent in node.parents if parent in builder.nodes]
        with suppress(ReportError):  # an engine's word, which must not cost the report
            builder.add(node)
    for process in seen.processes[: limits.NODES - len(builder.nodes)]:
        container = ids.container_id(seen.containers.members.get(process.pid, ""))
        builder.add(facts.process_node(process, host, container if container in builder.nodes else None, active))
    for topology in sorted({node.topology for node in builder.nodes.values()}):
        builder.template(standard.STANDARD[topology])
    for connection in seen.connections[: limits.CONNECTIONS]:
        local, remote = facts.ends(connection, scopes)
        builder.connect(_owner(connection, builder, host), local, remote, incoming=connection.incoming)
    for original, translated in islice(_translations(seen, scopes), TRANSLATIONS):
        builder.translate(original, translated)
    return builder


def _container_nodes(found: Found, here: Here, wish: Wish, active: Active) -> Iterable[NodeFacts]:
    """Containers, after the images and the pods that they belong to."""
    for image in sorted({container.image_id for container in found.containers} - {""}):
        yield nodes.image_node(found.images.get(image) or Image(image), wish)
    for container in found.containers:
        if container.pod:
            yield nodes.pod_node(container, here, wish)
        node = nodes.container_node(container, found.usage.get(container.id, ()), here, wish)
        node.controls = active.of_container(container)
        yield node


def _translations(seen: Seen, scopes: Scopes) -> Iterable[Translation]:
    """What the kernel does, and what published ports would have it do where nobody has tried yet."""
    done = {(scopes.endpoint(original), scopes.endpoint(translated)) for original, translated in seen.translations}
    yield from done
    tried = {original for original, _ in done}
    for container in seen.containers.containers:
        for published in nodes.translations(container, scopes, seen.host.addresses):
            if published[0] not in tried:
                yield published


def _owner(connection: Connection, builder: Builder, host: Host) -> str:
    """The process that holds a connection, as far as it is in the report; else the host."""
    owner = ids.process_id(host.name, connection.pid) if connection.pid is not None else ""
    return owner if owner in builder.nodes else ids.host_id(host.name)
