"""Reports as JSON that people read and write."""

import json
import sys
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from scope.report.v1.document_pb2 import Document
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError

FILE_BYTES = 64 * 1024 * 1024
STANDARD_INPUT = "-"


class DocumentError(Exception):
    """A report that cannot be read; the message says what is wrong, and where."""


def write(builder: Builder) -> str:
    """The report as JSON."""
    return json.dumps(_plain(json_format.MessageToDict(builder.document())), ensure_ascii=False)


def read(file: str) -> Builder:
    """The report in a file, or in standard input where it is named `-`.

    Raises:
        DocumentError: it cannot be read, is no JSON, has a field that reports have not, or one that is wrong.
    """
    try:
        return Builder().load(json_format.Parse(_content(file), Document()))
    except OSError as error:
        raise DocumentError(f"{file} cannot be read: {error.strerror}.") from None
    except (json_format.ParseError, ReportError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DocumentError(f"{file} holds no report: {reason}. 'scope launch --print' shows one.") from None


def _content(file: str) -> str:
    if file == STANDARD_INPUT:
        raw = sys.stdin.buffer.read(FILE_BYTES + 1)
    else:
        with Path(file).open("rb") as opened:
            raw = opened.read(FILE_BYTES + 1)
    if len(raw) > FILE_BYTES:
        raise DocumentError(f"{file} is too large: at most {FILE_BYTES // 1024**2} MiB.")
    return raw.decode()


def _plain(value: Any) -> Any:
    """The same JSON, whole numbers without a fraction."""
    match value:
        case dict():
            return {key: _plain(member) for key, member in value.items()}
        case list():
            return [_plain(member) for member in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
