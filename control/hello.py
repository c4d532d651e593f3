"""What a probe says first, checked."""

from control.holding import Offers
from mesh.errors import ServiceError, invalid_field
from scope.control.v1.messages_pb2 import ConnectRequest, Hello, Offer

#: How many controls a probe may offer.
OFFERS = 1_000
#: Characters of a control's id, of a permission, and of a program's version.
CONTROL_LENGTH = 256
PERMISSION_LENGTH = 64
VERSION_LENGTH = 64


def offers(first: ConnectRequest | None) -> Offers:
    """What a probe offers, by its first message; None: it said nothing.

    Raises:
        ServiceError: INVALID_ARGUMENT naming the field that breaks its rules.
    """
    if first is None or not first.HasField("hello"):
        raise invalid_field("hello", "is required, and comes first")
    hello = first.hello
    _check_hello(hello)
    found: dict[str, str] = {}
    for number, offer in enumerate(hello.offers):
        _check(offer, f"hello.offers[{number}]")
        if offer.control in found:
            raise invalid_field(f"hello.offers[{number}].control", f"{offer.control!r} is offered twice")
        found[offer.control] = offer.permission
    return found


def _check_hello(hello: Hello) -> None:
    if len(hello.offers) > OFFERS:
        raise invalid_field("hello.offers", f"must have at most {OFFERS} elements")
    if len(hello.version) > VERSION_LENGTH or not hello.version.isprintable():
        raise invalid_field("hello.version", f"must be at most {VERSION_LENGTH} printable characters")


def _check(offer: Offer, field: str) -> None:
    if not 0 < len(offer.control) <= CONTROL_LENGTH or not offer.control.isprintable():
        raise invalid_field(f"{field}.control", f"must be 1 to {CONTROL_LENGTH} printable characters")
    if len(offer.permission) > PERMISSION_LENGTH:
        raise invalid_field(f"{field}.permission", f"must be at most {PERMISSION_LENGTH} characters")


def again() -> ServiceError:
    """It was said twice."""
    return invalid_field("hello", "comes once; connect anew to offer something else")
