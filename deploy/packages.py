"""Sees to the programs that tests need and Python does not bring: installs them as root, else names them and fails.

`python deploy/packages.py [unit|integration|e2e|ui|lint]`, of the tests that are to run; without a word, of all.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

#: Program -> Debian package.
PROGRAMS = {"git": "git", "make": "make"}
#: The same, of what runs containers with a network of their own.
CONTAINERS = {
    "podman": "podman",
    "runc": "runc",
    "/usr/lib/podman/netavark": "netavark",
    "/usr/lib/podman/aardvark-dns": "aardvark-dns",
    "iptables": "iptables",
    "busybox": "busybox-static",
}
#: The same, of what makes a base for images where none can be pulled.
BASE = {"debootstrap": "debootstrap"}
#: The same, of what opens the pages.
BROWSER = {"chromium": "chromium"}
#: The same, of what looks at scripts.
LINT = {"shellcheck": "shellcheck"}
#: What each kind of tests needs; those of the whole need all of it.
NEEDED = {
    "unit": PROGRAMS,
    "integration": PROGRAMS | CONTAINERS,
    "e2e": PROGRAMS | CONTAINERS | BASE,
    "ui": PROGRAMS | BROWSER,
    "lint": LINT,
    "": PROGRAMS | CONTAINERS | BASE | BROWSER | LINT,
}
_PATIENCE = ("-o", "Acquire::Retries=5")

#: The oldest kubectl that reads our manifests: its kustomize is version 5.
KUBECTL = (1, 27)
_KUBECTL = Path(__file__).resolve().parent.parent / ".build" / "kubectl"
#: Where a machine's release has no such kubectl: the next one, which has.
_NEXT = {"bookworm": "trixie"}


def missing(programs: Mapping[str, str]) -> list[str]:
    """The packages of those programs that are not here."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return sorted({package for program, package in programs.items() if shutil.which(program, path=path) is None})


def kubectl() -> str:
    """A kubectl that reads our manifests: the machine's, or else Debian's, which is kept in `.build`.

    Raises:
        RuntimeError: there is none, and none can be fetched.
    """
    found = shutil.which("kubectl")
    if found and _version(found) >= KUBECTL:
        return found
    fetched = _KUBECTL / "usr" / "bin" / "kubectl"
    if not fetched.exists():
        _fetch_kubectl(Path("/etc/apt"), platform.freedesktop_os_release().get("VERSION_CODENAME", ""))
    return str(fetched)


def _version(program: str) -> tuple[int, ...]:
    told = subprocess.run([program, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False)
    try:
        number = json.loads(told.stdout)["clientVersion"]["gitVersion"]
    except (ValueError, LookupError):
        return ()
    return tuple(map(int, re.findall(r"\d+", number)[:2]))


def _fetch_kubectl(apt: Path, release: str) -> None:
    """By apt, from where this machine gets its packages, though maybe of the next release; nothing is installed."""
    if shutil.which("apt-get") is None:
        raise RuntimeError(f"kubectl {'.'.join(map(str, KUBECTL))} or newer is needed and not here: install it")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for part in ("sources", "lists/partial", "cache/archives/partial"):
            (here / part).mkdir(parents=True)
        sources(apt, release, here / "sources")
        options = ["-q", *_PATIENCE, "-o", f"Dir::Etc::SourceParts={here}/sources", "-o", "Dir::Etc::SourceList=none"]
        options += ["-o", f"Dir::State::Lists={here}/lists", "-o", f"Dir::Cache={here}/cache"]
        # Nobody else may look into this folder; and one that is installed, but too old, is not to be taken for it.
        options += ["-o", "APT::Sandbox::User=root", "-o", "Dir::State::Status=/dev/null"]
        try:
            subprocess.run(["apt-get", "update", *options], check=True)
            subprocess.run(["apt-get", "download", *options, "kubectl"], check=True, cwd=here)
            (package,) = here.glob("kubectl_*.deb")
            subprocess.run(["dpkg", "-x", package, _KUBECTL], check=True)
        except (subprocess.CalledProcessError, ValueError) as error:
            raise RuntimeError(f"kubectl cannot be fetched: {error}; install it") from None


def sources(apt: Path, release: str, folder: Path) -> None:
    """Copies a machine's own sources of packages into the folder, those of its release as those of the next."""
    suite = re.compile(rf"(?<=\s){release}(?=\s|-updates|-security)")
    for file in (apt / "sources.list", *apt.glob("sources.list.d/*")):
        if file.is_file() and suite.search(file.read_text()):
            (folder / file.name).write_text(suite.sub(_NEXT.get(release, release), file.read_text()))


def main() -> None:
    """Ends the program with a message where something is missing and cannot be installed."""
    packages = missing(NEEDED.get("".join(sys.argv[1:2]), NEEDED[""]))
    if packages:
        _install(packages)
    if sys.argv[1:] in ([], ["unit"]):
        try:
            kubectl()
        except RuntimeError as error:
            sys.exit(str(error))


def _install(packages: list[str]) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"missing: {' '.join(packages)}; as root: apt-get install {' '.join(packages)}")
    subprocess.run(["apt-get", "update", "-q", *_PATIENCE], check=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "install", "-qy", "--no-install-recommends", *_PATIENCE, *packages], check=True, env=environment
    )


if __name__ == "__main__":
    main()
