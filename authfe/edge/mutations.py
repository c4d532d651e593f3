"""Headers that the edge sets."""

from authfe.edge.typed import Config


def put(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Config:
    """A header to set; Envoy leaves out one whose value turns out empty."""
    return {"append": {"header": {"key": name, "value": value}, "append_action": action}}
