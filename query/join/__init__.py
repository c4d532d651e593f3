"""Connections become edges between their owners: what all probes of an organization report, put together.

`join` does it. Where nobody reports an end it asks `translations`, `claims`, `names` and `networks`.
"""

from query.join.join import Connection, Edge, EdgeChange, EdgeChanges, Join, Key, Row

__all__ = ["Connection", "Edge", "EdgeChange", "EdgeChanges", "Join", "Key", "Row"]
