"""Messages as JSON Schema, as proto3 maps them to JSON."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from openapi import rules
from openapi.comments import Comments

Schema: TypeAlias = dict[str, Any]

_INT32 = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_UINT32 = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
#: JSON's numbers cannot hold these.
_INT64 = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
_UINT64 = {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}

_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    **dict.fromkeys((FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32), _INT32),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), _UINT32),
    **dict.fromkeys((FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64), _INT64),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), _UINT64),
}

DURATION = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"}

#: The messages that JSON has a form of its own for.
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": DURATION,
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Value": {},
}


def reachable(message: Descriptor) -> Iterator[Descriptor]:
    """A message and all that it is made of, each once; maps and what is well known not among them."""
    seen: set[str] = set()
    waiting = [message]
    while waiting:
        message = waiting.pop()
        if message.full_name not in seen and message.full_name not in _WELL_KNOWN:
            seen.add(message.full_name)
            waiting.extend(field.message_type for field in message.fields if field.message_type)
            if not message.GetOptions().map_entry:
                yield message


class Schemas:
    """The schemas of a document, found by use.

    Args:
        comments: what the messages' comments say.
        sent: full names of the messages that callers send. In all others every field is there that can be: answers
            are printed whole.
    """

    def __init__(self, comments: Comments, sent: Collection[str]) -> None:
        self._comments = comments
        self._sent = sent
        #: Each schema by the full name of its message or enum.
        self.found: dict[str, Schema] = {}

    def reference(self, kind: Descriptor | EnumDescriptor) -> Schema:
        """The schema of a message or enum, by reference where it has a name here."""
        name = kind.full_name
        if name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[name])
        if name.startswith("google."):
            raise ValueError(f"say in proto/openapi/schemas.py what {name} is in JSON")
        if name not in self.found:
            self.found[name] = {}  # known from here on, for what holds itself
            self.found[name] = self._enum(kind) if isinstance(kind, EnumDescriptor) else self._message(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def object(self, message: Descriptor, fields: Iterable[FieldDescriptor]) -> Schema:
        """The schema of an object with some of a message's fields."""
        fields = list(fields)
        schema: Schema = {"type": "object", "properties": {field.json_name: self.field(field) for field in fields}}
        whole = message.full_name not in self._sent
        required = [field.json_name for field in fields if rules.needed(field) or (whole and not field.has_presence)]
        return {**schema, "required": required} if required else schema

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field's value."""
        schema = self._value(field)
        limits = rules.keywords(field)
        if "items" in limits:
            limits["items"] = {**schema["items"], **limits["items"]}
        return _described(self._comments.of(field.full_name), {**schema, **limits})

    def _value(self, field: FieldDescriptor) -> Schema:
        message = field.message_type
        if message is not None and message.GetOptions().map_entry:
            return {"type": "object", "additionalProperties": self._single(message.fields_by_name["value"])}
        return {"type": "array", "items": self._single(field)} if field.is_repeated else self._single(field)

    def _single(self, field: FieldDescriptor) -> Schema:
        kind = field.message_type or field.enum_type
        return self.reference(kind) if kind is not None else dict(_SCALARS[field.type])

    def _message(self, message: Descriptor) -> Schema:
        choices = [oneof.fields for oneof in message.oneofs if len(oneof.fields) > 1]
        named = (" or ".join(f"`{field.json_name}`" for field in choice) for choice in choices)
        text = " ".join([self._comments.of(message.full_name), *(f"At most one of {names}." for names in named)])
        return _described(text, self.object(message, message.fields))

    def _enum(self, enum: EnumDescriptor) -> Schema:
        lines = [f"- `{value.name}`: {self._comments.of(f'{enum.full_name}.{value.name}')}" for value in enum.values]
        text = "\n\n".join([self._comments.of(enum.full_name), "\n".join(lines)])
        return _described(text, {"type": "string", "enum": [value.name for value in enum.values]})


def _described(text: str, schema: Schema) -> Schema:
    return {"description": text, **schema} if text else schema
