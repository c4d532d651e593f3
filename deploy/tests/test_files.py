"""Files of a data folder: whole or absent, and nobody else's business."""

import stat
from pathlib import Path

import pytest

from deploy.local.files import private_folder, read_json, write_json


def test_a_file_is_private_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "local.json"
    for value in ({"url": "a"}, {"url": "b"}):
        write_json(path, value)
        assert read_json(path) == value
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["local.json"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_json(path, {})
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_what_is_no_document_reads_as_an_empty_one(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    assert read_json(path) == {}


def test_a_private_folder_is_short_and_leaves_nothing_even_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / ("long " * 30)
    data.mkdir()
    killed = private_folder(data)
    left = killed.__enter__()
    with private_folder(data) as folder:
        assert not left.exists()
        assert len(str(folder)) < 60
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
    assert list(data.iterdir()) == []
