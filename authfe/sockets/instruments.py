"""What sockets measures."""

from mesh.telemetry.declared import Count, Instruments

_sockets = Instruments("sockets")

OPEN = _sockets.level("scope_sockets_open", "{socket}", "WebSockets that are open.")
CLOSED = _sockets.counter(
    "scope_sockets_closed",
    "{socket}",
    "WebSockets that were closed, by the code; 1006 where the peer was lost.",
    "code",
)
FROM_BROWSERS = _sockets.counter("scope_sockets_received_bytes", "By", "Bytes that browsers typed or pasted.")
TO_BROWSERS = _sockets.counter("scope_sockets_sent_bytes", "By", "Bytes that were sent to browsers to show.")


def count(counter: Count, said: bytes | str) -> None:
    """Counts bytes; words about them are none."""
    if isinstance(said, bytes):
        counter.add(len(said))
