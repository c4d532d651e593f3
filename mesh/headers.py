"""The headers, or gRPC metadata, that the edge and the services must agree on."""

from typing import Any, TypeAlias

import grpc

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
#: On a denial of users, the reason for the ErrorInfo that the edge makes of it.
REASON = "x-scope-reason"
#: An expression for the content types of gRPC, as the edge tells them: gRPC-Web is not among them.
GRPC = r"application/grpc(\+.*)?"


def fact(name: str) -> str:
    """On a denial of users, the header of a fact that goes with the reason."""
    return f"x-scope-{name}"


def received(context: Context) -> dict[str, str]:
    """The metadata of a call that is text."""
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
