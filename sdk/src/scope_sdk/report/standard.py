"""How to show what reports usually hold. Ids, labels and priorities are those that readers of such reports know.

A row whose id is the name of a kind of node (`container`) says how many of that kind belong to the node: the service
counts them, no probe reports it. Containers show the name and the tag of their image, and `image_table`, from the image
where they do not say it themselves; what runs in one container only shows the measurements of that container.

Controls are declared wherever a probe may offer them; which can be used on a node now, the node says.
"""

from collections.abc import Iterable
from types import MappingProxyType

from scope.report.v1.template_pb2 import (
    ArgumentTemplate,
    ColumnTemplate,
    ControlTemplate,
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

#: The permission of whoever may do anything on a host.
HOST_EXEC = "host.exec"

_SIGNALS = ("TERM", "KILL", "HUP", "INT", "QUIT", "USR1", "USR2", "STOP", "CONT")


def _row(id_: str, label: str, priority: int, data_type: DataType.ValueType = _TEXT) -> RowTemplate:
    return RowTemplate(id=id_, label=label, priority=priority, data_type=data_type)


def _metric(id_: str, label: str, priority: int, unit: MetricFormat.ValueType) -> MetricTemplate:
    return MetricTemplate(id=id_, label=label, priority=priority, format=unit)


def _properties(id_: str, label: str, priority: int, *, sensitive: bool = False) -> TableTemplate:
    columns = [ColumnTemplate(id="label", label="Label"), ColumnTemplate(id="value", label="Value")]
    return TableTemplate(id=id_, label=label, columns=columns, priority=priority, sensitive=sensitive)


def _control(id_: str, label: str, icon: str, rank: int, permission: str, *, confirmation: str = "") -> ControlTemplate:
    return ControlTemplate(id=id_, label=label, icon=icon, rank=rank, permission=permission, confirmation=confirmation)


_CONTAINER_METRICS = (
    _metric("docker_cpu_total_usage", "CPU", 1, _PERCENT),
    _metric("docker_memory_usage", "Memory", 2, _FILESIZE),
)
_KUBERNETES_LABELS = _properties("kubernetes_labels_", "Kubernetes labels", 1)
_DESCRIBE = _control("kubernetes_describe", "Describe", "fa fa-file-text", 2, "pod.logs.view")
_SCALE = (
    _control("kubernetes_scale_down", "Scale down", "fa fa-minus", 0, "replicas.update"),
    _control("kubernetes_scale_up", "Scale up", "fa fa-plus", 1, "replicas.update"),
)


def _kubernetes(
    topology: Topology.ValueType, *rows: RowTemplate, controls: Iterable[ControlTemplate] = ()
) -> TopologyTemplates:
    return TopologyTemplates(
        topology=topology,
        rows=rows,
        metrics=_CONTAINER_METRICS,
        tables=[_KUBERNETES_LABELS],
        controls=[_DESCRIBE, *controls],
    )


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
    controls=[
        _control("host_exec", "Exec shell", "fa fa-terminal", 0, HOST_EXEC),
        _control("kubernetes_uncordon_node", "Uncordon", "fa fa-toggle-on", 0, "replicas.update"),
        _control("kubernetes_cordon_node", "Cordon", "fa fa-toggle-off", 1, "replicas.update"),
        _DESCRIBE,
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
    controls=[
        ControlTemplate(
            id="process_signal",
            label="Signal",
            icon="fa fa-bolt",
            permission=HOST_EXEC,
            confirmation="Are you sure you want to signal this process?",
            arguments=[ArgumentTemplate(name="signal", label="Signal", choices=_SIGNALS, default_value="TERM")],
        )
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
    controls=[
        _control("docker_logs_container", "Logs", "fa fa-file-text", 0, "pod.logs.view"),
        _control("docker_attach_container", "Attach", "fa fa-desktop", 1, "container.attach.out"),
        _control("docker_exec_container", "Exec shell", "fa fa-terminal", 2, "container.exec"),
        _control("docker_start_container", "Start", "fa fa-play", 3, "container.restart"),
        _control("docker_restart_container", "Restart", "fa fa-redo", 4, "container.restart"),
        _control("docker_pause_container", "Pause", "fa fa-pause", 5, "container.pause"),
        _control("docker_unpause_container", "Unpause", "fa fa-play", 6, "container.pause"),
        _control("docker_stop_container", "Stop", "fa fa-stop", 7, "container.stop"),
        _control(
            "docker_remove_container",
            "Remove",
            "far fa-trash-alt",
            8,
            "container.stop",
            confirmation="Are you sure you want to remove this container?",
        ),
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
    controls=[
        _control("kubernetes_get_logs", "Get logs", "fa fa-desktop", 0, "pod.logs.view"),
        _control(
            "kubernetes_delete_pod",
            "Delete",
            "far fa-trash-alt",
            3,
            "pod.delete",
            confirmation="Are you sure you want to delete this pod?",
        ),
    ],
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
    controls=_SCALE,
)

REPLICA_SET = _kubernetes(
    Topology.TOPOLOGY_REPLICA_SET, _namespace(2), _created(3), _observed(4), _desired(5), _pods(6)
)

DAEMON_SET = _kubernetes(Topology.TOPOLOGY_DAEMON_SET, _type(1), _namespace(2), _created(3), _desired(4), _pods(5))

STATEFUL_SET = _kubernetes(
    Topology.TOPOLOGY_STATEFUL_SET,
    _type(1),
    _namespace(2),
    _created(3),
    _observed(4),
    _desired(5),
    _pods(6),
    controls=_SCALE,
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

NAMESPACE = TopologyTemplates(topology=Topology.TOPOLOGY_NAMESPACE, tables=[_KUBERNETES_LABELS], controls=[_DESCRIBE])

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

_PERMISSIONS = MappingProxyType(
    {control.id: control.permission for templates in STANDARD.values() for control in templates.controls}
)

#: The permissions that a control may need: those that members of an organization can have.
PERMISSIONS = frozenset(
    {
        "report.view",
        "member.view",
        "token.own",
        "pod.logs.view",
        "container.attach.out",
        "container.pause",
        "container.restart",
        "container.stop",
        "pod.delete",
        "replicas.update",
        "container.attach.in",
        "container.exec",
        HOST_EXEC,
        "report.sensitive.view",
        "token.manage",
        "member.invite",
        "member.update",
        "member.remove",
        "organization.update",
        "organization.delete",
        "audit.view",
    }
)


def control_permission(control: str) -> str | None:
    """The permission that a standard control needs, whatever a probe says of it; None where probes say it."""
    return _PERMISSIONS.get(control)


def needed_permission(control: str, declared: str) -> str:
    """The permission that whoever uses a control needs in the organization.

    Args:
        control: its id.
        declared: what its probe says that it needs; what nobody can have, or nothing, means HOST_EXEC.
    """
    return control_permission(control) or (declared if declared in PERMISSIONS else HOST_EXEC)
