"""The headers, or gRPC metadata, that the edge and the services must agree on."""

import re
from typing import Any, TypeAlias

import grpc

from mesh.errors import invalid_field

#: What a handler is given beside the request.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

#: The caller's identity, signed by users; only the edge may set it.
IDENTITY = "x-scope-identity"
#: The internal id of the organization that the identity is for, by which the edge hashes; only the edge may set it.
TENANT = "x-scope-tenant"
#: The client's IP address, which the edge tells users; only the edge may set it.
ADDRESS = "x-scope-address"
#: The organization that the caller means.
ORGANIZATION = "x-scope-org"
#: The probe that the caller speaks for.
PROBE_ID = "x-scope-probe-id"
#: The pipe that is attached to.
PIPE_ID = "x-scope-pipe-id"
#: With the answers of pipe, `true` where whoever attached may only read.
READ_ONLY = "x-scope-read-only"
#: On a denial of users, the reason for the ErrorInfo that the edge makes of it.
REASON = "x-scope-reason"
#: An expression for the content types of gRPC, as the edge tells them: gRPC-Web is not among them.
GRPC = r"application/grpc(\+.*)?"

_PROBE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def fact(name: str) -> str:
    """On a denial of users, the header of a fact that goes with the reason."""
    return f"x-scope-{name}"


def received(context: Context) -> dict[str, str]:
    """The metadata of a call that is text."""
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def probe_id(metadata: dict[str, str]) -> str:
    """The probe that a request speaks for; raises ServiceError INVALID_ARGUMENT when it is not a probe's id."""
    name = metadata.get(PROBE_ID, "")
    if not _PROBE_ID.fullmatch(name):
        raise invalid_field(PROBE_ID, "must be 1 to 64 of the characters A-Z a-z 0-9 _ -")
    return name
