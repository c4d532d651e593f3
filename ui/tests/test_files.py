"""What of a folder is served, and how it is said."""

import gzip
from pathlib import Path

import pytest

from ui import files
from ui.files import OPENAPI, File, Form, PagesError, load


@pytest.fixture
def openapi(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text('{"openapi": "3.1.0"}')
    return path


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "app-1.js").write_text("1")
    return folder


def test_every_file_is_served_by_its_path_and_the_first_page_by_none(pages: Path, openapi: Path) -> None:
    found = load(pages, openapi)
    assert set(found) == {"/", "/index.html", "/assets/app-1.js", OPENAPI}
    assert found["/"] is found["/index.html"]


def test_what_is_named_by_its_content_is_kept_for_ever_and_all_else_is_asked_for(pages: Path, openapi: Path) -> None:
    found = load(pages, openapi)
    assert found["/assets/app-1.js"].caching == "public, max-age=31536000, immutable"
    assert {found[path].caching for path in ("/", OPENAPI)} == {"no-cache"}


def test_neither_hidden_files_nor_those_of_other_folders_are_served(pages: Path, openapi: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key.txt").write_text("secret")
    (pages / "key.txt").symlink_to(tmp_path / "secrets" / "key.txt")
    (pages / "secrets").symlink_to(tmp_path / "secrets", target_is_directory=True)
    (pages / ".hidden").write_text("")
    (pages / ".vite").mkdir()
    (pages / ".vite" / "manifest.json").write_text("{}")
    assert set(load(pages, openapi)) == {"/", "/index.html", "/assets/app-1.js", OPENAPI}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.exe", "application/octet-stream"),
    ],
)
def test_a_file_says_what_it_is(pages: Path, openapi: Path, name: str, kind: str) -> None:
    (pages / name).write_text("")
    assert load(pages, openapi)[f"/{name}"].kind == kind


def test_without_pages_it_says_how_they_are_made(tmp_path: Path, openapi: Path) -> None:
    with pytest.raises(PagesError, match="make ui builds them"):
        load(tmp_path / "nothing", openapi)


def test_a_folder_that_is_no_build_does_not_fill_memory(
    pages: Path, openapi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "TOTAL_BYTES", 10)
    with pytest.raises(PagesError, match="more than 10 bytes"):
        load(pages, openapi)


def test_the_description_is_compressed_although_no_build_did_that(pages: Path, openapi: Path) -> None:
    packed = load(pages, openapi)[OPENAPI].form("gzip")
    assert gzip.decompress(packed.content) == openapi.read_bytes()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("br", "br"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=1.0", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip; q=0.5", "gzip"),
        ("br;q=0.001", "br"),
        ("*", "br"),
        ("*;q=0", ""),
        ("br;q=0, *", "gzip"),
        ("identity", ""),
        ("zstd, brotli", ""),
        (";;,,q=", ""),
    ],
)
def test_a_form_is_one_that_is_accepted(accepted: str, coding: str) -> None:
    file = File("text/plain", "no-cache", (Form(b"b", "br"), Form(b"g", "gzip"), Form(b"plain")))
    assert file.form(accepted).coding == coding


def test_each_form_has_a_tag_of_its_own_and_the_same_bytes_the_same() -> None:
    tags = {Form(b"b", "br").tag, Form(b"g", "gzip").tag, Form(b"plain").tag}
    assert len(tags) == 3
    assert Form(b"plain").tag in tags
