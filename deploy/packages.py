"""Sees to the programs that tests need and Python does not bring: installs them as root, else names them and fails."""

import os
import shutil
import subprocess
import sys

# Program -> Debian package.
PROGRAMS = {"git": "git", "make": "make"}
_PATIENCE = ("-o", "Acquire::Retries=5")


def main() -> None:
    """Ends the program with a message where something is missing and cannot be installed."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"missing: {' '.join(missing)}; as root: apt-get install {' '.join(missing)}")
    subprocess.run(["apt-get", "update", "-q", *_PATIENCE], check=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "install", "-qy", "--no-install-recommends", *_PATIENCE, *missing], check=True, env=environment
    )


if __name__ == "__main__":
    main()
