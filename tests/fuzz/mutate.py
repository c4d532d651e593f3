"""Reports that nobody meant to send: changes to the bytes of one, and changes that leave it a message."""

import random
from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from scope.report.v1.report_pb2 import Report

_TEXTS = ("", "\0", "a;b", ";", "a;<host>", "\x1b[31m", "\u202e", "é" * 3, "x" * 5_000, "10.0.0.1", "::1", "1" * 400)
_INTEGERS = (0, 1, 2, 7, 127, 128, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**64 - 1, -1)
_FLOATS = (0.0, -0.0, 1.5, -1.0, 1e308, 1e-308, float("inf"), float("-inf"), float("nan"))
_INTEGER_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}
#: How often bytes are changed, rather than fields: of those changes few leave a message.
_BLIND = 0.2
_KEPT = 0.95
_MOST_CHANGES = 3
_MOST_COPIES = 300


class Mutator:
    """Changes reports at random; the same seed makes the same changes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def changed(self, report: Report, keep: Iterable[str] = ()) -> bytes:
        """Changes the report a little, and answers it serialised; the fields to keep are mostly as they were."""
        if self._random.random() < _BLIND:
            return self._blindly(report.SerializeToString())
        kept = {field: getattr(report, field) for field in keep}
        for _ in range(self._random.randint(1, _MOST_CHANGES)):
            self._change(report)
        if self._random.random() < _KEPT:
            for field, value in kept.items():
                setattr(report, field, value)
        return report.SerializeToString()

    def _blindly(self, data: bytes) -> bytes:
        """The bytes after a few changes that know nothing of messages."""
        for _ in range(self._random.randint(1, _MOST_CHANGES)):
            at, end = sorted(self._random.choices(range(len(data) + 1), k=2))
            change = self._random.choice((_cut, _doubled, self._flipped, self._noisy))
            data = change(data, at, end)
        return data

    def _flipped(self, data: bytes, at: int, _end: int) -> bytes:
        byte = data[at : at + 1]
        return data[:at] + bytes(one ^ (1 << self._random.randrange(8)) for one in byte) + data[at + 1 :]

    def _noisy(self, data: bytes, at: int, _end: int) -> bytes:
        return data[:at] + self._random.randbytes(self._random.randint(1, 8)) + data[at:]

    def _change(self, report: Report) -> None:
        """Changes one field somewhere inside."""
        message: Message = report
        while True:
            field = self._random.choice(message.DESCRIPTOR.fields)
            inner = self._inside(message, field)
            if inner is None or self._random.random() < 0.2:
                break
            message = inner
        if field.is_repeated:
            self._change_list(getattr(message, field.name), field)
        elif field.message_type:
            message.ClearField(field.name)
        else:
            setattr(message, field.name, self._value(field))

    def _inside(self, message: Message, field: FieldDescriptor) -> Message | None:
        """A message in that field, if there is one."""
        if not field.message_type:
            return None
        value = getattr(message, field.name)
        if not field.is_repeated:
            return value if message.HasField(field.name) else None
        return self._random.choice(value) if value else None

    def _change_list(self, values: Any, field: FieldDescriptor) -> None:
        change = self._random.choice(("drop", "add", "replace", "many", "clear", "swap"))
        if change == "clear" or not values:
            del values[:]
        if change == "drop" and values:
            del values[self._random.randrange(len(values))]
        elif change == "swap" and values:
            values.append(values[self._random.randrange(len(values))])
            del values[0]
        elif field.message_type:
            copies = self._random.randint(1, _MOST_COPIES) if change == "many" else 1
            values.extend([self._random.choice(values) if values else field.message_type._concrete_class()] * copies)
        elif change == "replace" and values:
            values[self._random.randrange(len(values))] = self._value(field)
        else:
            values.extend([self._value(field)] * (self._random.randint(1, _MOST_COPIES) if change == "many" else 1))

    def _value(self, field: FieldDescriptor) -> Any:
        kind = field.cpp_type
        if kind == FieldDescriptor.CPPTYPE_STRING:
            return self._random.choice(_TEXTS)
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return self._random.random() < 0.5
        if kind in _INTEGER_BOUNDS:
            low, high = _INTEGER_BOUNDS[kind]
            return self._random.choice([value for value in _INTEGERS if low <= value <= high])
        return self._random.choice(_FLOATS)


def _cut(data: bytes, at: int, end: int) -> bytes:
    return data[:at] + data[end:]


def _doubled(data: bytes, at: int, end: int) -> bytes:
    return data[:end] + data[at:end] + data[end:]
