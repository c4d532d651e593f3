"""What an operation may answer instead of what was asked for.

Which errors those are follows from its rules and fields, and from its comment, which names others as `NOT_FOUND` or
`RESOURCE_EXHAUSTED (LIMIT_EXCEEDED)`. The comments of scope.errors.v1 say what a reason means, and at the end its code.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from mesh.errors import DOMAIN
from openapi.comments import Comments
from openapi.schemas import DURATION, Schema
from scope.errors.v1.errors_pb2 import Reason

#: google.rpc's own mapping of codes to HTTP.
STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}

_ANY_OTHER = (
    "Any other error: 404 no such path, 405 not a method of this path, 408, 413 and 431 a request that is too slow or "
    "too large, 500 a fault of ours, 504 an answer that took too long."
)
_TEXT = {"type": "string"}


class Errors:
    """The reasons that there are.

    Args:
        comments: what their comments say.
    """

    def __init__(self, comments: Comments) -> None:
        names = [name for name, number in Reason.items() if number]
        #: By reason, what it means; the end of it is its code.
        self._meanings = {
            name.removeprefix("REASON_"): comments.of(f"{Reason.DESCRIPTOR.full_name}.{name}") for name in names
        }
        self._codes = {reason: _code(reason, meaning) for reason, meaning in self._meanings.items()}

    def responses(self, reasons: Iterable[str], comment: str) -> dict[str, Schema]:
        """The error responses of an operation, by status.

        Args:
            reasons: those that follow from its rules and fields.
            comment: what says the others.
        """
        found: dict[int, list[str]] = defaultdict(list)
        for reason in sorted({*reasons, *self._named(comment)}):
            found[STATUS[self._codes[reason]]].append(self._line(reason))
        answers = {str(status): _response("\n".join(lines)) for status, lines in sorted(found.items())}
        return {**answers, "default": _response(_ANY_OTHER)}

    def _line(self, reason: str) -> str:
        return f"- `{reason}`: {self._meanings[reason]}"

    def _named(self, comment: str) -> Iterator[str]:
        for code, named in re.findall(r"\b([A-Z_]{4,})\b(?: \(([A-Z_]+)\))?", comment):
            reason = named or code
            if code not in STATUS or (not named and reason not in self._codes):
                continue
            if self._codes.get(reason) != code:
                raise ValueError(
                    f"a comment says {code} ({reason}), and scope.errors.v1 has no such reason of that code"
                )
            yield reason

    def schemas(self) -> dict[str, Schema]:
        """The schemas of errors."""
        meanings = "\n".join(map(self._line, self._meanings))
        info = {
            "reason": {**_TEXT, "description": f"Why, for programs.\n\n{meanings}"},
            "domain": {**_TEXT, "const": DOMAIN},
            "metadata": {"type": "object", "additionalProperties": _TEXT, "description": "Facts."},
        }
        violation = _object({"field": _TEXT, "description": _TEXT, "reason": _TEXT}, ["field", "description"])
        bad = {"fieldViolations": {"type": "array", "items": violation}}
        details = {
            "google.rpc.ErrorInfo": _detail("google.rpc.ErrorInfo", info, ["reason", "domain"]),
            "google.rpc.BadRequest": _detail("google.rpc.BadRequest", bad, ["fieldViolations"]),
            "google.rpc.RetryInfo": _detail("google.rpc.RetryInfo", {"retryDelay": DURATION}, ["retryDelay"]),
        }
        error = {
            "code": {"type": "integer", "description": "The code of google.rpc.Code."},
            "message": {**_TEXT, "description": "What is wrong and what to do about it, for people."},
            "details": {"type": "array", "items": {"oneOf": [_reference(name) for name in details]}},
        }
        return {"google.rpc.Status": _object(error, list(error)), **details}


def _code(reason: str, meaning: str) -> str:
    """The first code that the last sentence of a reason's comment names."""
    last = meaning.removesuffix(".").rpartition(". ")[2]
    codes = [code for code in re.findall(r"[A-Z_]+", last) if code in STATUS]
    if not codes:
        raise ValueError(f"the comment of REASON_{reason} must end with its code, one of {', '.join(STATUS)}")
    return str(codes[0])


def _response(description: str) -> Schema:
    return {
        "description": description,
        "content": {"application/json": {"schema": _reference("google.rpc.Status")}},
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, Any], required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


def _detail(name: str, properties: dict[str, Any], required: list[str]) -> Schema:
    kind = {"const": f"type.googleapis.com/{name}"}
    return _object({"@type": kind, **properties}, ["@type", *required])
