"""What every service measures, and the steps of traces that it adds."""

from opentelemetry.trace import SpanKind

from mesh.telemetry.declared import Instruments

_every = Instruments("every service")

#: The names of OpenTelemetry's semantic conventions.
_RPC = ("rpc.system.name", "rpc.method", "rpc.response.status_code")

SERVED = _every.duration("rpc.server.call.duration", "How long the RPCs took that were served here.", _RPC)
CALLED = _every.duration("rpc.client.call.duration", "How long the RPCs took that were called from here.", _RPC)
LEASES = _every.gauge("scope_leases", "{stream}", "Open streams, whose credentials are asked after.")
LEASES_ENDED = _every.counter(
    "scope_leases_ended",
    "{stream}",
    "Streams ended because their credential was worth nothing any more, or could not be asked after.",
    "reason",
)
REFUSED = _every.counter(
    "scope_requests_refused", "{request}", "Requests refused with an error of ours, limits among them.", "reason"
)

RPC_SERVED = _every.span(
    "package.Service/Method", SpanKind.SERVER, "An RPC that was served, named after it.", (*_RPC, "error.type")
)
RPC_CALLED = _every.span(
    "package.Service/Method (client)",
    SpanKind.CLIENT,
    "An RPC that was called, named after it.",
    (*_RPC, "error.type"),
)
