import io
import json
import sys
from pathlib import Path

import pytest

from scope_probe import documents
from scope_probe.documents import DocumentError
from scope_probe.report import Reporters


def test_what_is_written_reads_as_the_same(tmp_path: Path) -> None:
    builder = Reporters("here.example").report()
    file = tmp_path / "report.json"
    file.write_text(documents.write(builder), encoding="utf-8")
    assert documents.read(str(file)) == builder


def test_numbers_are_written_whole() -> None:
    host = json.loads(documents.write(Reporters("here.example").report()))["nodes"][0]
    assert (host["topology"], host["id"], host["label"]) == ("host", "here.example;<host>", "here")
    [[time, memory]] = host["metrics"]["host_mem_usage_bytes"]
    assert isinstance(time, int)
    assert isinstance(memory, int)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'{"nodes":[{"topology":"host","id":"a;<host>","label":"a"}]}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert list(documents.read("-").nodes) == ["a;<host>"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "line 1 column 2"),
        (b'{"nodes":[{"topolgy":"host"}]}', "topolgy"),
        (b'{"nodes":[{"topology":"host","id":"x"}]}', r"nodes\[0\]\.id"),
        (b'{"nodes":[{"topology":"process","id":"x;1"}]}', "host"),
        (b"\xff", "utf-8"),
        (b"[1]", "holds no report"),
    ],
)
def test_what_is_no_report_is_told_where(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)
    with pytest.raises(DocumentError, match=said):
        documents.read(str(file))


def test_a_file_that_is_missing_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    with pytest.raises(DocumentError, match="No such file"):
        documents.read(str(file))
    monkeypatch.setattr(documents, "FILE_BYTES", 10)
    file.write_bytes(b" " * 11)
    with pytest.raises(DocumentError, match="too large"):
        documents.read(str(file))
