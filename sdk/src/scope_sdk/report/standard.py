"""How to show what reports usually hold. Ids, labels and priorities are those that readers of such reports know.

A row whose id is the name of a kind of node (`container`) says how many of that kind belong to the node: the service
counts them, no probe reports it. Containers show the name and the tag of their image, and `image_table`, from the image
where they do not say it themselves; what runs in one container only shows the measurements of that container.
"""

from scope.report.v1.template_pb2 import (
    ColumnTemplate,
    DataType,
    MetricFormat,
    MetricTemplate,
    RowTemplate,
    TableTemplate,
    TopologyTemplates,
)
from scope.report.v1.topology_pb2 import Topology

_TEXT = DataType.DATA_TYPE_UNSPECIFIED
_NUMBER = DataType.DATA_TYPE_NUMBER
_DATETIME = DataType.DATA_TYPE_DATETIME
_DURATION = DataType.DATA_TYPE_DURATION
_IP = DataType.DATA_TYPE_IP

_PERCENT = MetricFormat.METRIC_FORMAT_PERCENT
_FILESIZE = MetricFormat.METRIC_FORMAT_FILESIZE
_INTEGER = MetricFormat.METRIC_FORMAT_INTEGER


def _row(id_: str, label: str, priority: int, data_type: DataType.ValueType = _TEXT) -> RowTemplate:
    return RowTemplate(id=id_, label=label, priority=priority, data_type=data_type)


def _metric(id_: str, label: str, priority: int, unit: MetricFormat.ValueType) -> MetricTemplate:
    return MetricTemplate(id=id_, label=label, priority=priority, format=unit)


def _properties(id_: str, label: str, priority: int, *, sensitive: bool = False) -> TableTemplate:
    columns = [ColumnTemplate(id="label", label="Label"), ColumnTemplate(id="value", label="Value")]
    return TableTemplate(id=id_, label=label, columns=columns, priority=priority, sensitive=sensitive)


_CONTAINER_METRICS = (
    _metric("docker_cpu_total_usage", "CPU", 1, _PERCENT),
    _metric("docker_memory_usage", "Memory", 2, _FILESIZE),
)
_KUBERNETES_LABELS = _properties("kubernetes_labels_", "Kubernetes labels", 1)


def _kubernetes(topology: Topology.ValueType, *rows: RowTemplate) -> TopologyTemplates:
    return TopologyTemplates(topology=topology, rows=rows, metrics=_CONTAINER_METRICS, tables=[_KUBERNETES_LABELS])


def _type(priority: int) -> RowTemplate:
    return _row("kubernetes_node_type", "Type", priority)


def _namespace(priority: int) -> RowTemplate:
    return _row("kubernetes_namespace", "Namespace", priority)


def _created(priority: int) -> RowTemplate:
    return _row("kubernetes_created", "Created", priority, _DATETIME)


def _observed(priority: int) -> RowTemplate:
    return _row("kubernetes_observed_generation", "Observed gen.", priority, _NUMBER)


def _desired(priority: int) -> RowTemplate:
    return _row("kubernetes_desired_replicas", "Desired replicas", priority, _NUMBER)


def _containers(priority: int) -> RowTemplate:
    return _row("container", "# Containers", priority, _NUMBER)


def _pods(priority: int) -> RowTemplate:
    return _row("pod", "# Pods", priority, _NUMBER)


HOST = TopologyTemplates(
    topology=Topology.TOPOLOGY_HOST,
    rows=[
        _row("kernel_version", "Kernel version", 1),
        _row("uptime", "Uptime", 2, _DURATION),
        _row("host_name", "Hostname", 11),
        _row("os", "OS", 12),
        _row("local_networks", "Local networks", 13),
        _row("host_scope_version", "Scope version", 14),
    ],
    metrics=[
        _metric("host_cpu_usage_percent", "CPU", 1, _PERCENT),
        _metric("host_mem_usage_bytes", "Memory", 2, _FILESIZE),
        MetricTemplate(id="load1", label="Load (1m)", group="load", priority=11),
    ],
)

PROCESS = TopologyTemplates(
    topology=Topology.TOPOLOGY_PROCESS,
    rows=[
        _row("pid", "PID", 1, _NUMBER),
        RowTemplate(id="cmdline", label="Command", priority=2, sensitive=True),
        _row("ppid", "Parent PID", 3, _NUMBER),
        _row("threads", "# Threads", 4, _NUMBER),
    ],
    metrics=[
        _metric("process_cpu_usage_percent", "CPU", 1, _PERCENT),
        _metric("process_memory_usage_bytes", "Memory", 2, _FILESIZE),
        _metric("open_files_count", "Open files", 3, _INTEGER),
    ],
)

CONTAINER = TopologyTemplates(
    topology=Topology.TOPOLOGY_CONTAINER,
    rows=[
        _row("docker_image_tag", "Image tag", 1),
        _row("docker_image_name", "Image name", 2),
        RowTemplate(id="docker_container_command", label="Command", priority=3, sensitive=True),
        _row("docker_container_state_human", "State", 4),
        _row("docker_container_uptime", "Uptime", 5, _DURATION),
        _row("docker_container_restart_count", "Restart #", 6, _NUMBER),
        _row("docker_container_networks", "Networks", 7),
        _row("docker_container_ips", "IPs", 8),
        _row("docker_container_ports", "Ports", 9),
        _row("docker_container_created", "Created", 10, _DATETIME),
        RowTemplate(id="docker_container_id", label="ID", priority=11, truncate=12),
    ],
    metrics=_CONTAINER_METRICS,
    tables=[
        _properties("image_table", "Image", 1),
        _properties("docker_label_", "Docker labels", 2),
        _properties("docker_env_", "Environment variables", 3, sensitive=True),
    ],
)

CONTAINER_IMAGE = TopologyTemplates(
    topology=Topology.TOPOLOGY_CONTAINER_IMAGE,
    rows=[_containers(2)],
    tables=[_properties("docker_image_label_", "Docker labels", 1)],
)

POD = _kubernetes(
    Topology.TOPOLOGY_POD,
    _row("kubernetes_state", "State", 2),
    _row("kubernetes_ip", "IP", 3, _IP),
    _containers(4),
    _namespace(5),
    _created(6),
    _row("kubernetes_restart_count", "Restart #", 7, _NUMBER),
)

SERVICE = _kubernetes(
    Topology.TOPOLOGY_SERVICE,
    _namespace(2),
    _created(3),
    _row("kubernetes_public_ip", "Public IP", 4, _IP),
    _row("kubernetes_ip", "Internal IP", 5, _IP),
    _pods(6),
    _row("kubernetes_type", "Type", 7),
    _row("kubernetes_ports", "Ports", 8),
)

DEPLOYMENT = _kubernetes(
    Topology.TOPOLOGY_DEPLOYMENT,
    _type(1),
    _namespace(2),
    _created(3),
    _observed(4),
    _desired(5),
    _pods(6),
    _row("kubernetes_strategy", "Strategy", 7),
)

REPLICA_SET = _kubernetes(
    Topology.TOPOLOGY_REPLICA_SET, _namespace(2), _created(3), _observed(4), _desired(5), _pods(6)
)

DAEMON_SET = _kubernetes(Topology.TOPOLOGY_DAEMON_SET, _type(1), _namespace(2), _created(3), _desired(4), _pods(5))

STATEFUL_SET = _kubernetes(
    Topology.TOPOLOGY_STATEFUL_SET, _type(1), _namespace(2), _created(3), _observed(4), _desired(5), _pods(6)
)

CRON_JOB = _kubernetes(
    Topology.TOPOLOGY_CRON_JOB,
    _type(1),
    _namespace(2),
    _created(3),
    _row("kubernetes_schedule", "Schedule", 4),
    _row("kubernetes_last_scheduled", "Last scheduled", 5, _DATETIME),
    _row("kubernetes_suspended", "Suspended", 6),
    _row("kubernetes_active_jobs", "# Jobs", 7, _NUMBER),
    _pods(8),
)

JOB = _kubernetes(
    Topology.TOPOLOGY_JOB, _type(1), _row("kubernetes_name", "Name", 2), _namespace(3), _created(4), _pods(5)
)

NAMESPACE = TopologyTemplates(topology=Topology.TOPOLOGY_NAMESPACE, tables=[_KUBERNETES_LABELS])

#: By kind of node.
STANDARD = {
    templates.topology: templates
    for templates in (
        HOST,
        PROCESS,
        CONTAINER,
        CONTAINER_IMAGE,
        POD,
        SERVICE,
        DEPLOYMENT,
        REPLICA_SET,
        DAEMON_SET,
        STATEFUL_SET,
        CRON_JOB,
        JOB,
        NAMESPACE,
    )
}
