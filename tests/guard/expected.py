"""What must come of a call, by the rules of the contract and the credential's worth alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mesh.access import rules
from scope.auth.v1.access_pb2 import Access, Caller


@dataclass(frozen=True)
class Outcome:
    """How a call ends: the gRPC code, by name, and the reason of its ErrorInfo, empty where it has none."""

    code: str
    reason: str = ""


@dataclass(frozen=True)
class Worth:
    """What a credential is worth.

    Args:
        caller: what kind of caller holds it.
        places: the permissions in each organization that it is good for, by the name that requests use.
        admin: whether the holder administers the deployment.
        session: whether it is a person's own browser session.
        refused: whether the deployment refuses its organization.
    """

    caller: Caller.ValueType
    places: Mapping[str, frozenset[str]]
    admin: bool = False
    session: bool = False
    refused: bool = False


UNAUTHENTICATED = Outcome("UNAUTHENTICATED", "CREDENTIAL_INVALID")
DENIED = Outcome("PERMISSION_DENIED", "PERMISSION_DENIED")
NO_SESSION = Outcome("PERMISSION_DENIED", "SESSION_REQUIRED")
REFUSED = Outcome("PERMISSION_DENIED", "ORGANIZATION_REFUSED")
UNREADABLE = Outcome("INVALID_ARGUMENT", "INVALID_FIELD")
WHICH = Outcome("INVALID_ARGUMENT", "ORGANIZATION_REQUIRED")

_IN_AN_ORGANIZATION = (Caller.CALLER_ORG_MEMBER, Caller.CALLER_PROBE)

#: The wish of a request that names several organizations.
SEVERAL = "several"


def refusal(rpc: str, worth: Worth | None, wish: str) -> Outcome | None:
    """How the RPC refuses who comes with that worth and means that organization; None when it admits them."""
    admitted = rules(rpc)
    if any(rule.caller == Caller.CALLER_PUBLIC for rule in admitted):
        return None
    if worth is None:
        return UNAUTHENTICATED
    if wish == SEVERAL:
        return UNREADABLE
    if wish and wish not in worth.places:
        return DENIED
    return _refused_there(admitted, worth, wish or (next(iter(worth.places)) if len(worth.places) == 1 else ""))


def _refused_there(admitted: Sequence[Access], worth: Worth, place: str) -> Outcome | None:
    fitting = [rule for rule in admitted if _admits(rule, worth, place)]
    if not fitting:
        unclear = not place and len(worth.places) > 1
        return WHICH if unclear and any(rule.caller == Caller.CALLER_ORG_MEMBER for rule in admitted) else DENIED
    if worth.refused and any(rule.caller in _IN_AN_ORGANIZATION for rule in fitting):
        return REFUSED
    return None if any(worth.session or not rule.session for rule in fitting) else NO_SESSION


def outside(rpc: str) -> bool:
    """Whether a rule admits anybody but services, so that the edge has a way to the RPC."""
    return any(rule.caller not in (Caller.CALLER_UNSPECIFIED, Caller.CALLER_SERVICE) for rule in rules(rpc))


def says_whom(admitted: Sequence[Access]) -> bool:
    """Whether there is a rule, and each names a caller, and a permission where there must be one and nowhere else."""
    return bool(admitted) and all(
        rule.caller != Caller.CALLER_UNSPECIFIED and bool(rule.permission) == (rule.caller in _IN_AN_ORGANIZATION)
        for rule in admitted
    )


def _admits(rule: Access, worth: Worth, place: str) -> bool:
    match rule.caller:
        case Caller.CALLER_ORG_MEMBER:
            return worth.caller == Caller.CALLER_USER and rule.permission in worth.places.get(place, ())
        case Caller.CALLER_ADMIN:
            return worth.caller == Caller.CALLER_USER and worth.admin
        case Caller.CALLER_PROBE:
            return worth.caller == rule.caller and rule.permission in worth.places.get(place, ())
        case _:
            return rule.caller == worth.caller
