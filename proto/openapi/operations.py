"""A REST binding as an operation."""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import Default

from authfe.edge.bindings import Binding
from mesh.access import rules
from mesh.contracts import rpcs
from openapi import access
from openapi.comments import Comments, first_sentence
from openapi.errors import Errors
from openapi.rules import needed
from openapi.schemas import Schema, Schemas
from scope.http.v1 import http_pb2

_JSON = "application/json"
_BYTES = "google.api.HttpBody"
_READING = ("GET", "HEAD")


def path(binding: Binding) -> str:
    """The path, with nothing but names in its braces."""
    return binding.template.replace("=*}", "}")


def operation(binding: Binding, comments: Comments, schemas: Schemas, errors: Errors) -> Schema:
    """The operation of a binding."""
    method = _method(binding)
    comment = comments.of(method.full_name)
    admitted = rules(binding.rpc.path)
    return {
        "operationId": f"{method.containing_service.name}_{method.name}",
        "tags": [method.containing_service.full_name],
        "summary": first_sentence(comment),
        "description": f"{comment}\n\n{access.sentence(admitted)}",
        "security": access.security(admitted),
        "parameters": [*_parameters(binding, schemas), *access.parameters(admitted)],
        **_request(binding, schemas),
        "responses": {
            "200": _answer(binding, comments, schemas),
            **errors.responses(_reasons(binding), f"{comment} {comments.of(method.containing_service.full_name)}"),
        },
    }


def _method(binding: Binding) -> MethodDescriptor:
    return rpcs()[binding.rpc.path]


def _outside_path(binding: Binding) -> list[FieldDescriptor]:
    return [field for field in _method(binding).input_type.fields if field.name not in _variables(binding)]


def _variables(binding: Binding) -> list[str]:
    return re.findall(r"\{(\w+)", binding.template)


def _parameters(binding: Binding, schemas: Schemas) -> Iterator[dict[str, Any]]:
    method = _method(binding)
    for name in _variables(binding):
        yield {**_parameter(name, "path", schemas.field(method.input_type.fields_by_name[name])), "required": True}
    if not binding.body:
        for field in _outside_path(binding):
            if field.message_type is not None:
                raise ValueError(f"{field.full_name}: messages do not go into the query; give the RPC a body")
            yield {**_parameter(field.json_name, "query", schemas.field(field)), "required": needed(field)}
    for header in method.GetOptions().Extensions[http_pb2.header]:
        pattern = {"pattern": header.pattern} if header.pattern else {}
        yield _parameter(header.name, "header", {"description": header.description, "type": "string", **pattern})


def _parameter(name: str, place: str, schema: Schema) -> dict[str, Any]:
    bare = dict(schema)
    return {"name": name, "in": place, "description": bare.pop("description", ""), "schema": bare}


def _request(binding: Binding, schemas: Schemas) -> dict[str, Any]:
    """The request body, in a member of its own if there is one."""
    method = _method(binding)
    if not binding.body:
        return {}
    fields = _sent(binding)
    if binding.body != "*":
        schema = schemas.field(fields[0])
    elif len(fields) == len(method.input_type.fields):
        schema = schemas.reference(method.input_type)
    else:
        schema = schemas.object(method.input_type, fields)
    required = binding.body != "*" or any(needed(field) for field in fields)
    return {"requestBody": {"required": required, "content": {_JSON: {"schema": schema}}}}


def _answer(binding: Binding, comments: Comments, schemas: Schemas) -> dict[str, Any]:
    method, message = _method(binding), _answered(binding)
    kind = method.GetOptions().Extensions[http_pb2.answer].content_type
    if message is None:
        return {"description": "See above.", "content": {kind: {}}}
    schema = schemas.reference(message)
    if method.server_streaming:
        schema = {"type": "array", "items": schema}
    return {"description": comments.of(message.full_name), "content": {kind or _JSON: {"schema": schema}}}


def _answered(binding: Binding) -> Descriptor | None:
    """The message that is answered as JSON, or that a stream's array has; None for bytes that are no message."""
    method = _method(binding)
    if method.output_type.full_name != _BYTES:
        return method.output_type
    name = method.GetOptions().Extensions[http_pb2.answer].message
    return Default().FindMessageTypeByName(name) if name else None


def _sent(binding: Binding) -> list[FieldDescriptor]:
    """The fields that come in the body: of the one that is the body itself, that one."""
    method = _method(binding)
    if binding.body == "*":
        return _outside_path(binding)
    return [method.input_type.fields_by_name[binding.body]] if binding.body else []


def _reasons(binding: Binding) -> Iterator[str]:
    """The reasons to refuse that follow from the rules and fields, and those that every operation has."""
    admitted = rules(binding.rpc.path)
    yield from ("REQUEST_INVALID", "SERVICE_UNAVAILABLE")
    if _method(binding).input_type.fields:
        yield "INVALID_FIELD"
    if binding.verb not in _READING:
        yield "FOREIGN_ORIGIN"
    if not access.is_public(admitted):
        yield from ("CREDENTIAL_INVALID", "PERMISSION_DENIED", "IDENTITY_UNAVAILABLE", "RATE_EXCEEDED")
    if any(rule.session for rule in admitted):
        yield "SESSION_REQUIRED"
    if any(rule.permission for rule in admitted):
        yield "ORGANIZATION_REFUSED"
    if access.in_organization(admitted):
        yield "ORGANIZATION_REQUIRED"
