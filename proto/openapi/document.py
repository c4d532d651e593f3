"""The document."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from authfe.edge.bindings import Binding, all_bindings
from mesh.contracts import rpcs
from openapi import access, operations
from openapi.comments import Comments
from openapi.errors import Errors
from openapi.schemas import Schemas, reachable

_ABOUT = (
    "The REST face of the contracts: what runs on an organization's machines, live.\n\n"
    "Errors are a google.rpc.Status whatever failed: a program looks at the `reason` of its google.rpc.ErrorInfo. "
    "Answers may get new members and errors new reasons. 64-bit integers are strings. An unknown parameter is refused, "
    "an unknown member of a body is not."
)


def document(image: FileDescriptorSet) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the contracts.

    Args:
        image: the contracts with their source information, for the comments.
    """
    comments = Comments(image)
    bindings = sorted(all_bindings(), key=lambda binding: (binding.template, binding.verb))
    schemas = Schemas(comments, _sent(bindings))
    errors = Errors(comments)
    paths: dict[str, Any] = {}
    for binding in bindings:
        operation = operations.operation(binding, comments, schemas, errors)
        paths.setdefault(operations.path(binding), {})[binding.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Scope as a Service", "version": version("scope-service"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": _tags(bindings, comments),
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**errors.schemas(), **schemas.found}.items())),
            "parameters": access.PARAMETERS,
            "securitySchemes": access.SCHEMES,
        },
    }


def _sent(bindings: Iterable[Binding]) -> set[str]:
    """The full names of the messages that callers send."""
    requests = [rpcs()[binding.rpc.path].input_type for binding in bindings if binding.body]
    return {message.full_name for request in requests for message in reachable(request)}


def _tags(bindings: Iterable[Binding], comments: Comments) -> list[dict[str, str]]:
    services = sorted({binding.rpc.service for binding in bindings})
    return [{"name": service, "description": comments.of(service)} for service in services]
