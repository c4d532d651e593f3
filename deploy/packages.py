"""Sees to the programs that tests need and Python does not bring: installs them as root, else names them and fails.

`python deploy/packages.py [unit|integration|e2e|ui]`, of the tests that are to run; without a word, of all.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

#: Program -> Debian package.
PROGRAMS = {"git": "git", "make": "make"}
#: The same, of what runs containers with a network of their own.
CONTAINERS = {
    "podman": "podman",
    "runc": "runc",
    "/usr/lib/podman/netavark": "netavark",
    "iptables": "iptables",
    "busybox": "busybox-static",
}
#: The same, of what opens the pages.
BROWSER = {"chromium": "chromium"}
#: What each kind of tests needs; those of the whole need all of it.
NEEDED = {
    "unit": PROGRAMS,
    "integration": PROGRAMS | CONTAINERS,
    "e2e": PROGRAMS | CONTAINERS,
    "ui": PROGRAMS | BROWSER,
    "": PROGRAMS | CONTAINERS | BROWSER,
}
_PATIENCE = ("-o", "Acquire::Retries=5")


def missing(programs: Mapping[str, str]) -> list[str]:
    """The packages of those programs that are not here."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return sorted({package for program, package in programs.items() if shutil.which(program, path=path) is None})


def main() -> None:
    """Ends the program with a message where something is missing and cannot be installed."""
    packages = missing(NEEDED.get("".join(sys.argv[1:2]), NEEDED[""]))
    if not packages:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"missing: {' '.join(packages)}; as root: apt-get install {' '.join(packages)}")
    subprocess.run(["apt-get", "update", "-q", *_PATIENCE], check=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "install", "-qy", "--no-install-recommends", *_PATIENCE, *packages], check=True, env=environment
    )


if __name__ == "__main__":
    main()
