"""Envoy's configuration as plain JSON values."""

from typing import Any

Config = dict[str, Any]


def typed(message: str, **fields: Any) -> Config:
    """A configuration message that names its own type, as Envoy's extensions take it."""
    return {"@type": f"type.googleapis.com/{message}", **fields}


def extension(name: str, message: str, **fields: Any) -> Config:
    """A named extension with its configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}
