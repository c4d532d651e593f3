"""The pages are built when what they are made of changed, and what was there stays until its successor is whole."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]

#: Stands for Vite: writes what src/page holds; with src/wrong it fails half way, with src/slow it stays there.
BUILD = """
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
const out = process.argv[process.argv.indexOf("--outDir") + 1];
mkdirSync(out, { recursive: true });
writeFileSync("built", existsSync("built") ? readFileSync("built") + "x" : "x");
if (existsSync("src/wrong")) throw new Error("src/wrong is wrong");
if (existsSync("src/slow")) await new Promise((done) => setTimeout(done, 600_000));
writeFileSync(`${out}/index.html`, readFileSync("src/page"));
"""


class Repository:
    """As much of one as it takes to build pages."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ui = root / "ui"
        shutil.copytree(ROOT / "deploy", root / "deploy", ignore=shutil.ignore_patterns("__pycache__", "tests"))
        described = {"name": "pages", "version": "1.0.0", "scripts": {"build": "node build.mjs"}}
        lock = {"name": "pages", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": described}}
        for folder in ("ui/src", "ui/node_modules", "gen/ts/src"):
            (root / folder).mkdir(parents=True)
        for name in ("index.html", "tsconfig.json", "vite.config.ts", "precompressed.ts"):
            (self.ui / name).touch()
        (root / "gen" / "ts" / "package.json").touch()
        (self.ui / "package.json").write_text(json.dumps(described))
        (self.ui / "package-lock.json").write_text(json.dumps(lock))
        (self.ui / "build.mjs").write_text(BUILD)
        (self.ui / "src" / "page").write_text("first")

    @property
    def page(self) -> str:
        """What is served."""
        return (self.ui / "dist" / "index.html").read_text()

    @property
    def builds(self) -> int:
        """How many were begun."""
        return len((self.ui / "built").read_text()) if (self.ui / "built").exists() else 0

    def begin(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "deploy.pages"]
        return subprocess.Popen(command, cwd=self.root, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def build(self) -> tuple[int, str]:
        """Its status, and what it said."""
        process = self.begin()
        said, _ = process.communicate(timeout=120)
        return process.returncode, said


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "a repository")


def test_it_says_each_step_and_how_long_it_took_and_nothing_where_there_is_nothing_to_do(
    repository: Repository,
) -> None:
    status, said = repository.build()
    assert (status, repository.page) == (0, "first")
    assert [line.rpartition(" ")[0].rstrip("0123456789.") for line in said.splitlines()] == [
        "done packages of the pages ",
        "done pages ",
    ]
    assert repository.build() == (0, "")
    assert repository.builds == 1


@pytest.mark.parametrize("source", ["ui/src/page", "ui/src/new", "ui/index.html", "gen/ts/src/new", "ui/package.json"])
def test_it_builds_again_when_what_the_pages_are_made_of_changed(repository: Repository, source: str) -> None:
    repository.build()
    with (repository.root / source).open("a") as file:
        file.write("\n")
    assert repository.build()[0] == 0
    assert repository.builds == 2


def test_it_builds_again_what_somebody_else_removed(repository: Repository) -> None:
    repository.build()
    shutil.rmtree(repository.ui / "dist")
    assert repository.build()[0] == 0
    assert (repository.page, repository.builds) == ("first", 2)


def test_a_build_that_fails_says_why_and_leaves_what_was_there(repository: Repository) -> None:
    repository.build()
    (repository.ui / "src" / "page").write_text("second")
    (repository.ui / "src" / "wrong").touch()
    status, said = repository.build()
    assert (status, repository.page) == (1, "first")
    assert "error: the pages cannot be built: `npm run build" in said
    assert "src/wrong is wrong" in said
    (repository.ui / "src" / "wrong").unlink()
    assert repository.build()[0] == 0
    assert repository.page == "second"


async def test_a_build_that_is_interrupted_leaves_what_was_there(repository: Repository) -> None:
    repository.build()
    (repository.ui / "src" / "page").write_text("second")
    (repository.ui / "src" / "slow").touch()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        begun = repository.builds
        with repository.begin() as process:
            await until(lambda begun=begun: repository.builds > begun)
            os.killpg(process.pid, ending)
            assert process.wait(60) != 0
        assert repository.page == "first"
    (repository.ui / "src" / "slow").unlink()
    assert repository.build()[0] == 0
    assert repository.page == "second"


def test_two_at_once_build_once(repository: Repository) -> None:
    with repository.begin() as one, repository.begin() as other:
        assert (one.wait(120), other.wait(120)) == (0, 0)
    assert (repository.page, repository.builds) == ("first", 1)
