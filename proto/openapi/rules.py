"""The contracts' field rules (buf.validate) as JSON Schema."""

from collections.abc import Mapping
from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor

_NUMBERS = {
    "gt": "exclusiveMinimum",
    "gte": "minimum",
    "lt": "exclusiveMaximum",
    "lte": "maximum",
}

#: By the kind of rule, what JSON Schema calls each.
_KEYWORDS: Mapping[str, Mapping[str, str]] = {
    "string": {"min_len": "minLength", "max_len": "maxLength", "pattern": "pattern", "in": "enum"},
    "int32": _NUMBERS,
    "uint32": _NUMBERS,
    "double": _NUMBERS,
    "repeated": {"min_items": "minItems", "max_items": "maxItems", "unique": "uniqueItems"},
    "map": {"min_pairs": "minProperties", "max_pairs": "maxProperties"},
}


def keywords(field: FieldDescriptor) -> dict[str, Any]:
    """The keywords that say what a field's rules say; ValueError for a rule that is not known here."""
    return _keywords(_of(field), field.full_name)


def needed(field: FieldDescriptor) -> bool:
    """Whether a request without the field breaks its rules."""
    rules = _of(field)
    return rules.required or rules.string.min_len > 0 or rules.repeated.min_items > 0 or rules.map.min_pairs > 0


def _of(field: FieldDescriptor) -> validate_pb2.FieldRules:
    rules: validate_pb2.FieldRules = field.GetOptions().Extensions[validate_pb2.field]
    return rules


def _keywords(rules: validate_pb2.FieldRules, name: str) -> dict[str, Any]:
    kind = rules.WhichOneof("type")
    if kind is None:
        return {}
    result: dict[str, Any] = {}
    for rule, value in getattr(rules, kind).ListFields():
        if (kind, rule.name) == ("repeated", "items"):
            result["items"] = _keywords(value, name)
        elif rule.name in _KEYWORDS.get(kind, {}):
            result[_KEYWORDS[kind][rule.name]] = list(value) if rule.is_repeated else value
        else:
            raise ValueError(f"{name}: say in proto/openapi/rules.py what {kind}.{rule.name} is in JSON Schema")
    return result
