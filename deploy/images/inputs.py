"""What images are made of, by their Containerfile: `python3 deploy/images/inputs.py BASE COMPONENT` prints a digest.

It changes exactly with what the component's image is built from: its base, the instructions of its stages, and the
files that these copy. Only the standard library is here, so that building needs nothing installed.
"""

import hashlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = Path("deploy", "images", "Containerfile")
IGNORED = Path(".containerignore")

_FROM = re.compile(r"FROM (?P<parent>\S+) AS (?P<name>\S+)$")
_COPY = re.compile(r"COPY (?:--from=(?P<stage>\S+) )?(?P<sources>.+) \S+$")


@dataclass(frozen=True)
class Stage:
    """A stage of the Containerfile.

    Args:
        instructions: its lines, those that go on joined, without comments.
        needs: the names of the stages that it goes on from and copies from; of these one may be the base.
        sources: what it copies from the repository, as it is written.
    """

    instructions: Sequence[str]
    needs: Sequence[str]
    sources: Sequence[str]


def stages(text: str) -> Mapping[str, Stage]:
    """The stages of a Containerfile by their names, in order.

    Raises:
        ValueError: a stage has no name.
    """
    lines = _instructions(text)
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    return dict(_stage(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True))


def reached(everything: Mapping[str, Stage], name: str) -> list[str]:
    """The stage of this name and those that it needs, in the order of the file. KeyError where there is none."""
    needed, left = {name}, list(everything[name].needs)
    while left:
        one = left.pop()
        if one in everything and one not in needed:
            needed.add(one)
            left.extend(everything[one].needs)
    return [stage for stage in everything if stage in needed]


def digest(root: Path, base: str, component: str) -> str:
    """What tells two states of a component's inputs apart, hexadecimal.

    Args:
        root: the repository.
        base: what tells two bases apart.
        component: a stage of the Containerfile. KeyError where there is none.
    """
    everything = stages((root / CONTAINERFILE).read_text())
    used = [everything[name] for name in reached(everything, component)]
    ignored = _ignored((root / IGNORED).read_text())
    found = {path for stage in used for source in stage.sources for path in _files(root, source, ignored)}
    lines = [base, *(line for stage in used for line in stage.instructions)]
    lines += [_line(root, path) for path in sorted(found)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _instructions(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return [" ".join(line.split()) for line in "\n".join(lines).replace("\\\n", " ").splitlines()]


def _stage(instructions: Sequence[str]) -> tuple[str, Stage]:
    first = _FROM.match(instructions[0])
    if first is None:
        raise ValueError(f"a stage needs a name, as in FROM x AS y: {instructions[0]}")
    copies = [found for line in instructions if (found := _COPY.match(line))]
    needs = [first["parent"], *(found["stage"] for found in copies if found["stage"])]
    sources = [source for found in copies if not found["stage"] for source in found["sources"].split()]
    return first["name"], Stage(instructions, needs, sources)


def _ignored(text: str) -> list[str]:
    """What is left out of what is let in: patterns of paths, or after `**/` of names."""
    return [line for line in text.splitlines() if line and line != "*" and line[0] not in "#!"]


def _files(root: Path, source: str, ignored: Sequence[str]) -> Iterator[Path]:
    """The files below a source, relative to the repository."""
    for place in root.glob(source):
        below = place.rglob("*") if place.is_dir() else (place,)
        paths = (path.relative_to(root) for path in below if path.is_file())
        yield from (path for path in paths if not any(_matches(path, pattern) for pattern in ignored))


def _matches(path: Path, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(fnmatch(part, pattern[3:]) for part in path.parts)
    return any(fnmatch(str(one), pattern) for one in (path, *path.parents))


def _line(root: Path, path: Path) -> str:
    file = root / path
    executable = "x" if file.stat().st_mode & 0o111 else "-"
    return f"{path} {executable} {hashlib.sha256(file.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    print(digest(ROOT, *sys.argv[1:]))
