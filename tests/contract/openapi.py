"""The OpenAPI document, and whether an answer is what it says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator

from tests.e2e.client import Answer

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "gen/openapi/openapi.json").read_text())


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        name: str = self.described["operationId"]
        return name

    @property
    def public(self) -> bool:
        return not self.described["security"]

    def parameters(self, place: str) -> list[str]:
        return [one["name"] for one in map(_resolved, self.described["parameters"]) if one["in"] == place]

    def wrong(self, answer: Answer) -> list[str]:
        """How an answer differs from what is documented for its status; a member that is not documented differs."""
        responses = self.described["responses"]
        documented = responses.get(str(answer.status), responses["default"])
        kind = answer.headers["content-type"].partition(";")[0]
        if kind not in documented["content"]:
            return [f"{answer.status} is {kind} and not {' or '.join(documented['content'])}"]
        value = _READ.get(kind, json.loads)(answer.body)
        schema = {**documented["content"][kind].get("schema", {}), "components": _STRICT}
        errors = OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).iter_errors(value)
        return [f"{error.json_path}: {error.message}" for error in errors] or _unnamed(answer, documented)


def _lines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines()]


#: How an answer is read that is not JSON.
_READ: dict[str, Callable[[bytes], Any]] = {
    "text/event-stream": bytes.decode,
    "text/html": bytes.decode,
    "application/x-ndjson": _lines,
}


def _unnamed(answer: Answer, documented: dict[str, Any]) -> list[str]:
    """The reasons of an error that its description does not name."""
    reasons = [detail.get("reason") for detail in answer.json()["details"]] if answer.status >= 400 else []
    return [
        f"{reason} is not documented" for reason in reasons if reason and f"`{reason}`" not in documented["description"]
    ]


def operations() -> list[Operation]:
    return [
        Operation(method.upper(), path, described)
        for path, methods in DOCUMENT["paths"].items()
        for method, described in methods.items()
    ]


def references(value: Any) -> Iterator[str]:
    """Every reference in a part of the document."""
    match value:
        case {"$ref": str(reference)}:
            yield reference
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(one)


def _resolved(parameter: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in parameter:
        found: dict[str, Any] = DOCUMENT["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        return found
    return parameter


def _closed(value: Any) -> Any:
    """The schemas with nothing allowed that they do not name."""
    if isinstance(value, dict):
        closed = {name: _closed(one) for name, one in value.items()}
        named = value.get("type") == "object" and isinstance(value.get("properties"), dict)
        return {"additionalProperties": False, **closed} if named else closed
    return [_closed(one) for one in value] if isinstance(value, list) else value


_STRICT = _closed(DOCUMENT["components"])
