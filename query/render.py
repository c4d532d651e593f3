"""Messages as JSON, by encoders made once from the messages' descriptors.

The result is what google.protobuf.json_format prints with default values included, at a fraction of its cost: names as
`json_name` says, moments as RFC 3339, every scalar and every list, empty ones too.
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

#: From a message, or a field's value, to what orjson prints.
Encode = Callable[[Any], Any]

_AS_THEY_ARE = {
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_BOOL,
    FieldDescriptor.TYPE_DOUBLE,
    FieldDescriptor.TYPE_FLOAT,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_UINT32,
}


def to_json(message: Message) -> bytes:
    """The message as JSON."""
    return orjson.dumps(encoder(message.DESCRIPTOR)(message))


@cache
def encoder(descriptor: Descriptor) -> Encode:
    """What turns messages of that type into what orjson prints; TypeError where a field is of a kind not met so far."""
    if descriptor.full_name == "google.protobuf.Timestamp":
        return lambda timestamp: timestamp.ToJsonString()
    always = [(field.json_name, _field(field)) for field in descriptor.fields if not field.has_presence]
    if len(always) < len(descriptor.fields):
        return _with_presence(descriptor, always)
    return lambda message: {name: encode(message) for name, encode in always}


def _with_presence(descriptor: Descriptor, always: list[tuple[str, Encode]]) -> Encode:
    """The encoder where some fields may be absent."""
    perhaps = [(field.name, field.json_name, _field(field)) for field in descriptor.fields if field.has_presence]

    def encode(message: Message) -> dict[str, Any]:
        result = {name: encode(message) for name, encode in always}
        result.update((json_name, get(message)) for name, json_name, get in perhaps if message.HasField(name))
        return result

    return encode


def _field(field: FieldDescriptor) -> Encode:
    """From the message to the field's value."""
    get = attrgetter(field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        value = _value(field.message_type.fields_by_name["value"])
        return lambda message: {key: value(item) for key, item in get(message).items()}
    value = _value(field)
    if field.is_repeated:
        return lambda message: [value(item) for item in get(message)]
    return get if field.type in _AS_THEY_ARE else lambda message: value(get(message))


def _value(field: FieldDescriptor) -> Encode:
    if field.message_type is not None:
        return encoder(field.message_type)
    if field.type in _AS_THEY_ARE:
        return lambda value: value
    raise TypeError(f"{field.full_name}: fields of this type are not printed")


def members(pairs: Iterable[tuple[str, bytes]]) -> bytes:
    """A JSON object, of its members' names and their values as JSON."""
    return b"{" + b",".join(orjson.dumps(name) + b":" + value for name, value in pairs) + b"}"


def array(items: Iterable[bytes]) -> bytes:
    """A JSON array, of its items as JSON."""
    return b"[" + b",".join(items) + b"]"
