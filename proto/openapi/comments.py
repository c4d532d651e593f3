"""The comments of the contracts, which are their documentation."""

import re
from collections.abc import Iterator
from typing import TypeAlias

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

_Place: TypeAlias = tuple[int, ...]
_Named: TypeAlias = Iterator[tuple[_Place, str]]


class Comments:
    """What is written above each thing.

    Args:
        image: the contracts with their source information.
    """

    def __init__(self, image: FileDescriptorSet) -> None:
        self._texts = {name: text for file in image.file for name, text in _texts(file)}

    def of(self, name: str) -> str:
        """The comment above a message, field, enum, value, service or method, by full name; a line a paragraph."""
        return self._texts.get(name, "")


def first_sentence(text: str) -> str:
    """The first sentence, without its full stop."""
    return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]


def _texts(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_in_file(file))
    for location in file.source_code_info.location:
        name = names.get(tuple(location.path))
        if name and location.leading_comments:
            yield name, _unwrapped(location.leading_comments)


def _unwrapped(comment: str) -> str:
    paragraphs = re.split(r"\n\s*\n", comment.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _in_file(file: FileDescriptorProto) -> _Named:
    """Everything with a name, by its place as source information gives it: numbers of fields and of items in turn."""
    scope = file.package
    for number, message in enumerate(file.message_type):
        yield from _in_message(message, scope, (4, number))
    for number, enum in enumerate(file.enum_type):
        yield from _in_enum(enum, scope, (5, number))
    for number, service in enumerate(file.service):
        yield from _in_service(service, scope, (6, number))


def _in_message(message: DescriptorProto, scope: str, place: _Place) -> _Named:
    name = f"{scope}.{message.name}"
    yield place, name
    for number, field in enumerate(message.field):
        yield (*place, 2, number), f"{name}.{field.name}"
    for number, nested in enumerate(message.nested_type):
        yield from _in_message(nested, name, (*place, 3, number))
    for number, enum in enumerate(message.enum_type):
        yield from _in_enum(enum, name, (*place, 4, number))


def _in_enum(enum: EnumDescriptorProto, scope: str, place: _Place) -> _Named:
    # Python names a value within its enum, protobuf beside it.
    name = f"{scope}.{enum.name}"
    yield place, name
    for number, value in enumerate(enum.value):
        yield (*place, 2, number), f"{name}.{value.name}"


def _in_service(service: ServiceDescriptorProto, scope: str, place: _Place) -> _Named:
    name = f"{scope}.{service.name}"
    yield place, name
    for number, method in enumerate(service.method):
        yield (*place, 2, number), f"{name}.{method.name}"
