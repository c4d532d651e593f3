"""What control measures."""

from mesh.telemetry.declared import Instruments

_control = Instruments("control")

STREAMS = _control.gauge("scope_probe_streams", "{stream}", "Streams of probes that are held here.")
UNDER_WAY = _control.gauge(
    "scope_controls_under_way", "{call}", "Calls that probes were told of here and have not answered."
)
ASKED = _control.counter("scope_controls_asked", "{call}", "Calls that came in here, by where the probe was.", "way")
DISPATCHED = _control.counter("scope_controls_dispatched", "{call}", "Calls that probes were told of here.")
LOST = _control.counter("scope_controls_lost", "{call}", "Those of them whose stream ended without an answer.")
RECORDED = _control.duration("scope_audit_duration", "How long the audit took to accept a record.")
