"""How much a report may hold. The builder refuses more, and so does the service."""

MESSAGE_BYTES = 8 * 1024 * 1024
"""The largest message of any kind."""

REPORT_BYTES = MESSAGE_BYTES - 64 * 1024
"""The largest serialised report: a message less room for what carries it."""

NODES = 200_000
CONNECTIONS = 200_000
ADDRESSES = 200_000
STRINGS = 20_000
"""Attribute keys and ids of metrics, templates and controls: how many different ones a report may use."""

KEY_LENGTH = 256
"""Characters of an attribute key, an id of a metric, template or control, or a column."""

ID_LENGTH = 1024
"""Characters of a node's own part of its id, and of a row's id."""

LABEL_LENGTH = 1024
"""Characters of anything that names something to a person."""

TEXT_LENGTH = 65_536
"""Characters of an attribute's text, a member of a set or a cell."""

ADDRESS_LENGTH = ID_LENGTH + 64
"""Characters of an address with its scope."""

PARENTS = 64
NODE_ADDRESSES = 1_000
"""Addresses that reach one node."""

CONTROLS = 256
ATTRIBUTES = 1_000
"""Of each kind (text, number, set), for one node."""

SET_VALUES = 10_000
TABLES = 100
ROWS = 10_000
"""Of one table."""

COLUMNS = 100
"""Of one table."""

METRICS = 500
"""Different metrics in a report."""

SAMPLE_TIMES = 240
"""Different moments at which samples were taken, in a report."""

SAMPLE_SPAN_MS = 24 * 60 * 60 * 1000
"""From the oldest to the newest sample of a report, in milliseconds."""

METRIC_VALUES = 1_000_000
"""Values of all metrics in a report: nodes times sample times, summed over metrics."""

TEMPLATES = 5_000
"""Rows, metrics, tables, columns, controls and their arguments declared, together."""

ARGUMENTS = 16
"""Of one control, declared."""

CHOICES = 100
"""Of one argument, declared."""

NAMES = 100
"""Names of one address, in each direction."""

PLUGINS = 100
PORT = 65_535
COUNT = 2**32 - 1
SAFE_INTEGER = 2**53
"""Where whole numbers stop being exact in JSON readers: bounds epochs and numbers."""
