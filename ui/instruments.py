"""What ui-server measures."""

from mesh.telemetry.declared import Instruments

_ui_server = Instruments("ui-server")

SERVED = _ui_server.duration(
    "http.server.request.duration",
    "How long the requests took that were answered here.",
    ("http.request.method", "http.response.status_code"),
)
