"""Makes reports out of what the reporters see."""

import time
from dataclasses import InitVar, dataclass, field

from scope_probe import connections, facts
from scope_probe.host import Host, HostReporter, HostSample
from scope_probe.processes import Process, ProcessReporter
from scope_sdk.report import ids, limits, standard
from scope_sdk.report.builder import Builder


@dataclass
class Reporters:
    """Every reporter of this host. See ProcessReporter for `arguments` and `secret`."""

    hostname: str
    arguments: InitVar[bool] = True
    secret: InitVar[str] = ""
    _host: HostReporter = field(init=False)
    _processes: ProcessReporter = field(init=False)
    _samples: list[tuple[int, HostSample]] = field(default_factory=list, init=False)

    def __post_init__(self, arguments: bool, secret: str) -> None:
        self._host = HostReporter(self.hostname)
        self._processes = ProcessReporter(arguments, secret)

    def sample(self) -> None:
        """Take the cheap values."""
        now = time.time_ns() // 1_000_000
        self._samples.append((now, self._host.sample()))
        self._processes.sample(now)

    def report(self) -> Builder:
        """Take a sample, then all the rest, and report both with the samples since the last report."""
        self.sample()
        found = connections.collect()
        host, processes = self._host.collect(), self._processes.collect(found.open_files)
        samples, self._samples = self._samples, []
        return build(host, samples, processes, found.connections)


def build(
    host: Host,
    samples: list[tuple[int, HostSample]],
    processes: list[Process],
    found: list[connections.Connection],
) -> Builder:
    """One report. Beyond what a report may hold, the newest processes and the last connections are left out."""
    builder = Builder()
    builder.template(standard.HOST)
    builder.template(standard.PROCESS)
    builder.add(facts.host_node(host, samples))
    for process in processes[: limits.NODES - 1]:
        builder.add(facts.process_node(process, host))
    for connection in found[: limits.CONNECTIONS]:
        local, remote = facts.ends(connection, host.name)
        builder.connect(_owner(connection, builder, host), local, remote, incoming=connection.incoming)
    return builder


def _owner(connection: connections.Connection, builder: Builder, host: Host) -> str:
    """The process that holds a connection, as far as it is in the report; else the host."""
    owner = ids.process_id(host.name, connection.pid) if connection.pid is not None else ""
    return owner if owner in builder.nodes else ids.host_id(host.name)
