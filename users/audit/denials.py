"""Denials of the edge that are worth an event: somebody known wanted to change something, or to administer."""

from functools import cache

from google.api import annotations_pb2

from mesh import access
from mesh.contracts import rpcs
from mesh.errors import ServiceError
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from users.audit.refusals import Refusals

#: An organization that is refused, a rate that is exceeded: those are counted elsewhere, and nobody's attempt.
_ATTEMPTS = frozenset({Reason.REASON_PERMISSION_DENIED, Reason.REASON_SESSION_REQUIRED})


def note(refusals: Refusals, rpc: str, by: Identity, error: ServiceError) -> None:
    """Notes that the caller was denied the RPC, as the action `rpc:SERVICE:METHOD`, where that matters."""
    if error.reason in _ATTEMPTS and _matters(rpc):
        service, method = rpc.rpartition(".")[2].split("/")
        after = {"reason": error.reason_name}
        refusals.note(f"rpc:{service}:{method}", by, organization=by.organization, after=after)


@cache
def _matters(rpc: str) -> bool:
    if any(rule.caller == Caller.CALLER_ADMIN for rule in access.rules(rpc)):
        return True
    method = rpcs().get(rpc)
    return method is not None and method.GetOptions().Extensions[annotations_pb2.http].WhichOneof("pattern") != "get"
