"""Each distribution brings what it needs: installed into an empty environment, all of it can be imported."""

import importlib.metadata
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith(("__main__", ".env")):
            importlib.import_module(module.name)
"""

#: Nothing that was made here: what is installed is what a clone has.
MADE = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "node_modules")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to build in, and the versions that it pins."""
    folder = tmp_path_factory.mktemp("sources") / "repository"
    shutil.copytree(ROOT, folder, ignore=MADE)
    lines = [line for file in folder.glob("requirements*.txt") for line in file.read_text().splitlines()]
    pinned = [line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith(" ")]
    (folder / "pinned.txt").write_text("\n".join(pinned))
    return folder


@pytest.mark.timeout(2000)  # it fetches packages
@pytest.mark.parametrize(
    ("folders", "packages"),
    [
        (["gen/python"], ["scope"]),
        (["gen/python", "sdk"], ["scope_sdk"]),
        (["gen/python", "sdk", "probe[kubernetes]"], ["scope_probe"]),
        (["gen/python", "sdk", "probe", "."], ["mesh", "users", "collection", "query", "authfe", "ui", "deploy"]),
    ],
    ids=["scope-api", "scope-sdk", "scope-probe", "scope-service"],
)
def test_a_distribution_installs_alone(sources: Path, tmp_path: Path, folders: list[str], packages: list[str]) -> None:
    venv.create(tmp_path, with_pip=True)
    python = str(tmp_path / "bin" / "python")
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "10",
    ]
    run(sources, *install, "--require-hashes", "--requirement", "requirements-build.txt")
    ours = [f"./{folder}" for folder in folders]
    run(sources, *install, "--no-build-isolation", "--constraint", "pinned.txt", *ours)
    run(tmp_path, python, "-I", "-c", IMPORT_ALL, *packages)


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_two_distributions_bring_the_same_module() -> None:
    """Which of them is imported would depend on the order in which they were installed."""
    owners: dict[str, set[str]] = {}
    for distribution in importlib.metadata.distributions():
        for file in distribution.files or []:
            if file.suffix == ".py":
                owners.setdefault(str(file), set()).add(distribution.name)
    assert {file: names for file, names in owners.items() if len(names) > 1} == {}
