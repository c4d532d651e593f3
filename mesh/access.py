"""Who may call what: the rules that the contracts state, and the one function that decides."""

from collections.abc import Sequence
from functools import cache

import grpc

from mesh.contracts import rpcs
from mesh.errors import ServiceError, permission_denied, unauthenticated
from mesh.limits import ANSWER_OF_PROBE_BYTES, MESSAGE_BYTES, REQUEST_BYTES
from scope.auth.v1 import access_pb2
from scope.auth.v1.access_pb2 import Access, Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason

__all__ = ["check", "largest_request", "needed", "rpcs", "rules"]


def rules(rpc: str) -> Sequence[Access]:
    """The rules of an RPC; none, for an RPC that is not there either, means that nobody may call it."""
    return _stated(rpc) if rpc in rpcs() else ()


@cache
def _stated(rpc: str) -> Sequence[Access]:
    return tuple(rpcs()[rpc].GetOptions().Extensions[access_pb2.access])


def largest_request(rpc: str) -> int:
    """How many bytes a request may have: reports are large, what else probes send is not, and all else is small."""
    if not any(rule.caller == Caller.CALLER_PROBE for rule in rules(rpc)):
        return REQUEST_BYTES
    return MESSAGE_BYTES if rpc.startswith("/scope.collection.") else ANSWER_OF_PROBE_BYTES


def check(rpc: str, identity: Identity) -> None:
    """Returns when the caller may call the RPC.

    Raises:
        ServiceError: UNAUTHENTICATED when it has no credential, PERMISSION_DENIED when it has one that does not do, for
            the reason ORGANIZATION_REFUSED where its organization is refused what the RPC is about.
    """
    admitted = rules(rpc)
    if any(_admits(rule, identity) for rule in admitted):
        return
    if identity.caller in (Caller.CALLER_UNSPECIFIED, Caller.CALLER_PUBLIC):
        raise unauthenticated()
    raise _denied(rpc, identity, admitted)


def _admits(rule: Access, identity: Identity) -> bool:
    return (_own_session(identity) or not rule.session) and _is_caller(rule, identity)


def _own_session(identity: Identity) -> bool:
    return identity.credential.startswith("session:") and not identity.impersonator


def _is_caller(rule: Access, identity: Identity) -> bool:
    match rule.caller:
        case Caller.CALLER_PUBLIC:
            return True
        case Caller.CALLER_ORG_MEMBER:
            member = identity.caller == Caller.CALLER_USER and bool(identity.organization)
            return member and bool(rule.permission) and rule.permission in identity.permissions
        case Caller.CALLER_PROBE:
            probe = identity.caller == Caller.CALLER_PROBE and bool(identity.organization)
            return probe and rule.permission in identity.permissions
        case Caller.CALLER_ADMIN:
            return identity.caller == Caller.CALLER_USER and identity.admin
        case Caller.CALLER_USER | Caller.CALLER_SERVICE:
            return identity.caller == rule.caller
    return False


#: The callers whom a rule about an organization admits.
_IN_AN_ORGANIZATION = {Caller.CALLER_ORG_MEMBER: Caller.CALLER_USER, Caller.CALLER_PROBE: Caller.CALLER_PROBE}

_NEEDED = {
    Caller.CALLER_USER: "a signed-in person or an API token",
    Caller.CALLER_PROBE: "a probe's service token",
    Caller.CALLER_ADMIN: "a signed-in administrator of the deployment",
    Caller.CALLER_SERVICE: "a service of the deployment",
}


def needed(admitted: Sequence[Access]) -> str:
    """What it takes to be admitted by some of these rules, as words that follow "needs"."""
    if permissions := _permissions(admitted):
        return f"the permission {permissions[0]} in the organization"
    return " or ".join(_NEEDED.get(rule.caller, "nobody") for rule in admitted) or "a rule that admits somebody"


def _permissions(admitted: Sequence[Access]) -> list[str]:
    return [rule.permission for rule in admitted if rule.caller == Caller.CALLER_ORG_MEMBER]


def _denied(rpc: str, identity: Identity, admitted: Sequence[Access]) -> ServiceError:
    if identity.refused and any(_IN_AN_ORGANIZATION.get(rule.caller) == identity.caller for rule in admitted):
        return ServiceError(grpc.StatusCode.PERMISSION_DENIED, Reason.REASON_ORGANIZATION_REFUSED, identity.refused)
    name = rpc.rpartition("/")[2]
    if any(_is_caller(rule, identity) for rule in admitted):
        message = f"{name} needs your own browser session; neither a token nor somebody acting as you may do it"
        return ServiceError(grpc.StatusCode.PERMISSION_DENIED, Reason.REASON_SESSION_REQUIRED, message)
    message = f"{name} needs {needed(admitted)}"
    if _permissions(admitted) and identity.caller == Caller.CALLER_USER and not identity.organization:
        message += "; you belong to none yet: make one, or accept an invitation"
    return permission_denied(message, next(iter(_permissions(admitted)), ""))
