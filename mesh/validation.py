"""The contracts' field rules (buf.validate), enforced for requests of unary and server-streaming RPCs.

Reports are too hot for it: collection checks them by hand.
"""

import protovalidate
from google.protobuf.message import Message

from mesh.errors import invalid_fields


def validate(request: Message) -> None:
    """Returns when the request keeps its rules; raises ServiceError INVALID_ARGUMENT naming the fields that do not."""
    violations = protovalidate.collect_violations(request)
    if violations:
        raise invalid_fields({_path(violation): violation.proto.message for violation in violations})


def _path(violation: protovalidate.Violation) -> str:
    """The field that breaks a rule, as `document.nodes`."""
    elements = violation.proto.field.elements if violation.proto.field is not None else ()
    return ".".join(element.field_name for element in elements)
