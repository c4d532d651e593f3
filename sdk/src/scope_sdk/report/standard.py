"""How to show what reports usually hold. Ids, labels and priorities are those that readers of such reports know."""

from scope.report.v1.template_pb2 import DataType, MetricFormat, MetricTemplate, RowTemplate, TopologyTemplates
from scope.report.v1.topology_pb2 import Topology

HOST = TopologyTemplates(
    topology=Topology.TOPOLOGY_HOST,
    rows=[
        RowTemplate(id="kernel_version", label="Kernel version", priority=1),
        RowTemplate(id="uptime", label="Uptime", data_type=DataType.DATA_TYPE_DURATION, priority=2),
        RowTemplate(id="host_name", label="Hostname", priority=11),
        RowTemplate(id="os", label="OS", priority=12),
        RowTemplate(id="local_networks", label="Local networks", priority=13),
        RowTemplate(id="host_scope_version", label="Scope version", priority=14),
    ],
    metrics=[
        MetricTemplate(id="host_cpu_usage_percent", label="CPU", format=MetricFormat.METRIC_FORMAT_PERCENT, priority=1),
        MetricTemplate(
            id="host_mem_usage_bytes", label="Memory", format=MetricFormat.METRIC_FORMAT_FILESIZE, priority=2
        ),
        MetricTemplate(id="load1", label="Load (1m)", group="load", priority=11),
    ],
)

PROCESS = TopologyTemplates(
    topology=Topology.TOPOLOGY_PROCESS,
    rows=[
        RowTemplate(id="pid", label="PID", data_type=DataType.DATA_TYPE_NUMBER, priority=1),
        RowTemplate(id="cmdline", label="Command", priority=2, sensitive=True),
        RowTemplate(id="ppid", label="Parent PID", data_type=DataType.DATA_TYPE_NUMBER, priority=3),
        RowTemplate(id="threads", label="# Threads", data_type=DataType.DATA_TYPE_NUMBER, priority=4),
    ],
    metrics=[
        MetricTemplate(
            id="process_cpu_usage_percent", label="CPU", format=MetricFormat.METRIC_FORMAT_PERCENT, priority=1
        ),
        MetricTemplate(
            id="process_memory_usage_bytes", label="Memory", format=MetricFormat.METRIC_FORMAT_FILESIZE, priority=2
        ),
        MetricTemplate(
            id="open_files_count", label="Open files", format=MetricFormat.METRIC_FORMAT_INTEGER, priority=3
        ),
    ],
)

#: By kind of node.
STANDARD = {templates.topology: templates for templates in (HOST, PROCESS)}
