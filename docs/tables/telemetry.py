"""`docs/telemetry.md`: every instrument and every span, as the code declares them."""

from collections.abc import Mapping, Sequence
from importlib import import_module

from docs.tables.markdown import table
from mesh.telemetry.declared import Declared, declared

#: The packages that declare something, each in its `instruments.py`.
PACKAGES = ("mesh", "users", "collection", "query", "control", "pipe", "authfe.sockets", "ui")

_INTRODUCTION = """\
# Telemetry

What runs can be watched by metrics, traces and logs. This page's tables are made from the code (`make gen`), so they
list what there is. No label and no attribute holds an organization, a person, a credential, a path, or a name of what
was reported; Envoy's spans do hold the caller's address. Logs say who called.

## Metrics

Each process but Envoy serves its metrics for Prometheus where `METRICS_LISTEN` says (`HOST:PORT`, empty for nowhere).
`make up` gives each a free port: `processes` in `.scope/run.json` says which. Prometheus sees the names below with
`_total` behind counters and the unit behind what has one (`scope_log_lag_seconds`), and dots as underscores.

"""

_COLLECTOR = """
## A collector

Where `OTEL_EXPORTER_OTLP_ENDPOINT` names one, metrics and traces are sent to it, and Envoy sends it its own: traces,
metrics (`envoy.*`, every 10 s) and a line for each request. Without it nothing is sent and nothing is traced.

| variable | what |
| --- | --- |
| `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector, as `http://127.0.0.1:4317`; Envoy reaches it without TLS only |
| `OTEL_EXPORTER_OTLP_PROTOCOL` | `grpc`, which is also the default; others are refused |
| `OTEL_TRACES_SAMPLER` | what is traced of all that nobody traces yet: all; `parentbased_traceidratio`: a part of it |
| `OTEL_TRACES_SAMPLER_ARG` | which part, as `0.01` |
| `OTEL_RESOURCE_ATTRIBUTES` | more about the services, as `deployment.environment.name=production` |
| `OTEL_BSP_SCHEDULE_DELAY` | how often services send spans, in milliseconds: 5000 |
| `OTEL_METRIC_EXPORT_INTERVAL` | how often services send metrics, in milliseconds: 60000 |
| `OTEL_SDK_DISABLED` | `true`: nothing at all, not even for Prometheus |

`make up` passes them on; elsewhere each process reads them from its environment, `frontend` those of Envoy. A collector
that is away holds nobody up: what it does not take is dropped, and each process says once that it is away and once that
it is back. A process that leaves sends what is left within two seconds.

Processes have their names as `service.name`, Envoy is `edge`, all in the namespace `scope`; each replica is an instance
of its own, `host:port` (`service.instance.id`).

## Traces

A trace begins at Envoy, or at a caller who sends `traceparent` (W3C Trace Context), and goes on with it: to users,
which Envoy asks; to the service; with a report into the log, as a header of its message; to the query replicas that
take it in and tell watchers. [Decision 14](decisions/0014-traces.md) says which report is in which trace. Envoy's own
spans are named after the RPC: one for the request, one for its way to the service, one for asking users.

"""

_INSTRUMENT = ("name", "kind", "unit", "labels", "process", "what")
_SPAN = ("name", "attributes", "process", "what")

_LOGS = """
## Logs

Services write a line of JSON for each RPC to standard error, Envoy one for each request to its standard output. Lines
that belong to a trace, sampled or not, have its `trace_id`, services' lines also the `span_id`. `LOG_LEVEL` (`debug`,
`info`, `warning`, `error`) says from where on services write, `LOG_FORMAT=console` that a person is to read it.
`make up` keeps the last 16 to 32 MiB of each process in `.scope/logs`.

Lines about controls and pipes name the `organization` (its internal id), the `probe`, the `control`, the `node` (254
characters of its id at most) and the `pipe`; never an argument. So one call is found from its trace, or from its event
in the audit, whose id is the end of `call` in the lines of `Invoke`. The replica that holds the probe's stream, which
may be another one, says what it does for a call with the same `call`; that it tells the probe, with `LOG_LEVEL=debug`
only.
"""


def page() -> str:
    """The whole page."""
    metrics = table(
        _INSTRUMENT, ([f"`{one.name}`", one.kind, f"`{one.unit}`", *_rest(one)] for one in _those(span=False))
    )
    traces = table(_SPAN, ([f"`{one.name}`", *_rest(one)] for one in _those(span=True)))
    return _INTRODUCTION + metrics + _COLLECTOR + traces + _LOGS


def entries() -> Mapping[str, Declared]:
    """What the packages declare, by name."""
    for package in PACKAGES:
        import_module(f"{package}.instruments")
    return declared


def _those(*, span: bool) -> list[Declared]:
    """The spans, or else the instruments, by process."""
    those = (one for one in entries().values() if (one.kind == "span") == span)
    return sorted(those, key=lambda one: one.process)


def _rest(one: Declared) -> Sequence[str]:
    return ", ".join(f"`{label}`" for label in one.labels), one.process, one.meaning
