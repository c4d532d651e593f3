"""Which replica a call is sent to: where the contract says what it is about, calls of one thing meet at one."""

from authfe.edge.bindings import Binding, Rpc, bindings, path_regex, routed, together, websocket
from authfe.edge.typed import Config
from mesh.headers import TENANT

#: Its calls are hashed by organization, so that one organization's views live on one replica.
_BY_ORGANIZATION = "query"

#: Where the path of a REST call stands once it is transcoded.
_TRANSCODED = "x-envoy-original-path"


def hashed(area: str) -> bool:
    """Whether calls to a service are hashed."""
    return area == _BY_ORGANIZATION or any(together(rpc).header for rpc in routed() if rpc.area == area)


def hashing(rpc: Rpc) -> Config:
    """For a route to an RPC.

    Raises:
        ValueError: A path of the RPC does not name what its calls are told apart by.
    """
    if rpc.area == _BY_ORGANIZATION:
        return {"hash_policy": [{"header": {"header_name": TENANT}}]}
    header = together(rpc).header
    if not header:
        return {}
    # Calls by REST are not asked for the header, so that whatever they say there does not count.
    named = [_by_path(binding, _TRANSCODED) for binding in bindings(rpc)]
    return {"hash_policy": [*named, {"header": {"header_name": header}}]}


def upgrade_hashing(rpc: Rpc) -> Config:
    """For the route to an RPC's WebSocket."""
    return {"hash_policy": [_by_path(binding, ":path") for binding in websocket(rpc)]}


def _by_path(binding: Binding, header: str) -> Config:
    """The hash of what a path names, if the header has one; equal to that of a header which holds the same."""
    before, variable, _ = binding.template.partition(f"{{{together(binding.rpc).variable}}}")
    if not variable:
        raise ValueError(f"{binding.template} names nothing that calls of {binding.rpc.path} are told apart by")
    pattern = f"^{path_regex(before)}([^/?]+).*$"
    rewrite = {"pattern": {"regex": pattern}, "substitution": r"\1"}
    return {"header": {"header_name": header, "regex_rewrite": rewrite}, "terminal": True}
