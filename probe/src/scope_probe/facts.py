"""From what the reporters saw to the nodes of a report."""

from collections.abc import Iterable, Sequence

from scope.report.v1.topology_pb2 import Topology
from scope_probe import VERSION
from scope_probe.connections import Connection
from scope_probe.controls import NOTHING, Active
from scope_probe.host import CPUS, Host, HostSample
from scope_probe.processes import Process
from scope_probe.scopes import Endpoint, Scopes
from scope_sdk.report import ids, limits
from scope_sdk.report.nodes import NodeFacts, Sample


def host_node(
    host: Host, samples: Sequence[tuple[int, HostSample]], scopes: Scopes, active: Active = NOTHING
) -> NodeFacts:
    """The node of the host; each sample with its time in milliseconds since 1970."""
    return NodeFacts(
        topology=Topology.TOPOLOGY_HOST,
        id=ids.host_id(host.name),
        label=host.name.partition(".")[0] or host.name,
        addresses=[scopes.scoped(address) for address in host.addresses][: limits.NODE_ADDRESSES],
        attributes={
            "host_name": host.name,
            "os": host.os,
            "kernel_version": host.kernel_version,
            "uptime": host.uptime // 60 * 60,  # else every report would change the host
            "local_networks": host.local_networks,
            "host_scope_version": VERSION,
        },
        metrics=_taken(
            host_cpu_usage_percent=((time, sample.cpu) for time, sample in samples),
            host_mem_usage_bytes=((time, sample.memory) for time, sample in samples),
            load1=((time, sample.load1) for time, sample in samples),
        ),
        maxima={"host_cpu_usage_percent": 100, "host_mem_usage_bytes": host.memory_max},
        controls=active.of_host(),
    )


def process_node(process: Process, host: Host, container: str | None, active: Active = NOTHING) -> NodeFacts:
    """The node of one of the host's processes, in the container whose node has that id.

    Its open files were counted with the last look at its usage.
    """
    usage = process.usage
    maxima = {"process_cpu_usage_percent": 100 * CPUS, "process_memory_usage_bytes": host.memory_max}
    if process.open_files_max:
        maxima["open_files_count"] = process.open_files_max
    return NodeFacts(
        topology=Topology.TOPOLOGY_PROCESS,
        id=ids.process_id(host.name, process.pid),
        label=process.name[: limits.LABEL_LENGTH],
        parents=[ids.host_id(host.name), *([container] if container else [])],
        attributes={
            "pid": process.pid,
            "name": process.name,
            "cmdline": process.cmdline,
            "ppid": process.ppid,
            "threads": process.threads,
        },
        metrics=_taken(
            process_cpu_usage_percent=((look.time_ms, look.cpu) for look in usage),
            process_memory_usage_bytes=((look.time_ms, look.memory) for look in usage),
            open_files_count=((look.time_ms, process.open_files) for look in usage[-1:]),
        ),
        maxima=maxima,
        controls=active.of_process(process.pid),
    )


def ends(connection: Connection, scopes: Scopes) -> tuple[Endpoint, Endpoint]:
    """Both ends of a connection. Loopback means something in its own network namespace only."""
    local = scopes.scoped(connection.local, connection.namespace)
    remote = scopes.scoped(connection.remote, connection.namespace)
    return (local, connection.local_port), (remote, connection.remote_port)


def _taken(**metrics: Iterable[tuple[int, float | None]]) -> dict[str, list[Sample]]:
    """The metrics that have samples, with those that they have."""
    taken = {
        metric: [(time, value) for time, value in samples if value is not None] for metric, samples in metrics.items()
    }
    return {metric: samples for metric, samples in taken.items() if samples}
