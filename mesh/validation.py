"""The contracts' field rules (buf.validate), enforced for requests of unary and server-streaming RPCs.

Reports are too hot for it: collection checks them by hand.
"""

from collections.abc import Iterable

import protovalidate
from google.protobuf.message import Message

from mesh.errors import invalid_fields


def validate(request: Message) -> None:
    """Returns when the request keeps its rules; raises ServiceError INVALID_ARGUMENT naming the fields that do not."""
    violations = protovalidate.collect_violations(request)
    if violations:
        raise invalid_fields({_path(violation): _said(violation) for violation in violations})


def _said(violation: protovalidate.Violation) -> str:
    """What is wrong, as words that follow the field's name."""
    match violation.proto.rule_id, violation.rule_value:
        case "string.min_len", 1:
            return "must not be empty"
        case "string.in", Iterable() as allowed:
            return f"must be one of {', '.join(map(str, filter(None, allowed)))}"
        case "string.pattern", str() as pattern if pattern.startswith("^[^\\x00-\\x1f\\x7f"):
            return "must have no control characters, such as ends of lines"
    return violation.proto.message


def _path(violation: protovalidate.Violation) -> str:
    """The field that breaks a rule, as `document.nodes`."""
    elements = violation.proto.field.elements if violation.proto.field is not None else ()
    return ".".join(element.field_name for element in elements)
