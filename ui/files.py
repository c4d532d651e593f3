"""The files that are served: read once, so that a process serves one build of the pages, whole, for as long as it runs.

What is asked for is looked up by its path and never opened, so no path leads out of the folder.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

#: Where the description of the REST face is.
OPENAPI = "/api/openapi.json"

#: How many bytes all files together may have, with what is compressed of them.
TOTAL_BYTES = 64 * 1024 * 1024

#: Below it names hold a digest of what is in the file, so that a browser never needs to ask for it again.
_ASSETS = "/assets/"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"

#: What a build adds to a name for its compressed form -> the coding's name in HTTP, the better one first.
_CODINGS = {".br": "br", ".gz": "gzip"}

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


class PagesError(Exception):
    """There is nothing to serve; the message says what to do."""


@dataclass(frozen=True)
class Form:
    """A file as it is sent.

    Args:
        content: its bytes.
        coding: how they are compressed, as HTTP names it; empty where they are not.
    """

    content: bytes
    coding: str = ""
    #: A digest of the content: every process that serves the same bytes says the same.
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", hashlib.sha256(self.content).hexdigest()[:32])


@dataclass(frozen=True)
class File:
    """What is served at one path.

    Args:
        kind: its media type.
        caching: what is said to browsers about keeping it.
        forms: the compressed ones, the better ones first, and at last the plain one.
    """

    kind: str
    caching: str
    forms: tuple[Form, ...]

    def form(self, accepted: str) -> Form:
        """The best form for whoever sent this `Accept-Encoding`."""
        return next(form for form in self.forms if not form.coding or _accepts(accepted, form.coding))


def load(pages: Path, openapi: Path) -> Mapping[str, File]:
    """Everything that is served, by path.

    Raises:
        PagesError: the pages were not built, or are larger than they can be.
        OSError: a file cannot be read.
    """
    contents = dict(_contents(pages))
    if "/index.html" not in contents:
        raise PagesError(f"there are no pages in {pages}: make ui builds them")
    files = {path: _file(path, contents) for path in contents if PurePosixPath(path).suffix not in _CODINGS}
    description = openapi.read_bytes()
    forms = (Form(gzip.compress(description, mtime=0), "gzip"), Form(description))
    return {**files, "/": files["/index.html"], OPENAPI: File(_TYPES[".json"], _ASK_EACH_TIME, forms)}


def _contents(pages: Path) -> Iterator[tuple[str, bytes]]:
    """The files below a folder by their paths; neither hidden ones nor what leads elsewhere."""
    total = 0
    for folder, _, names in os.walk(pages):
        for name in names:
            file = Path(folder, name)
            path = f"/{file.relative_to(pages).as_posix()}"
            if "/." in path or file.is_symlink() or not file.is_file():
                continue
            total += file.stat().st_size
            if total > TOTAL_BYTES:
                raise PagesError(f"the pages in {pages} have more than {TOTAL_BYTES} bytes: is that the right folder?")
            yield path, file.read_bytes()


def _file(path: str, contents: Mapping[str, bytes]) -> File:
    endings = [ending for ending in _CODINGS if path + ending in contents]
    forms = [Form(contents[path + ending], _CODINGS[ending]) for ending in endings]
    kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
    return File(kind, _FOR_EVER if path.startswith(_ASSETS) else _ASK_EACH_TIME, (*forms, Form(contents[path])))


def _accepts(header: str, coding: str) -> bool:
    """Whether an `Accept-Encoding` takes a coding, by its name or by `*`, and not with the weight 0."""
    parts = (part.partition(";") for part in header.lower().replace(" ", "").split(","))
    weights = {name: weight for name, _, weight in parts}
    weight = weights.get(coding, weights.get("*", "q=0"))
    return not weight.startswith("q=0") or any(digit in "123456789" for digit in weight)
