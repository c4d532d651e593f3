"""Generates what the probe speaks to container runtimes with, beside its cri.proto: `python probe/generate.py`."""

import sys
from pathlib import Path

from grpc_tools import protoc

SOURCES = Path(__file__).parent / "src"
OUTPUTS = ("python_out", "mypy_out", "grpc_python_out", "mypy_grpc_out")


def main() -> None:
    """Writes messages and stubs; ends the program with protoc's messages where it refuses the source."""
    plugins = [f"--plugin={path}" for path in Path(sys.executable).parent.glob("protoc-gen-*")]
    outputs = [f"--{output}={SOURCES}" for output in OUTPUTS]
    if protoc.main(["protoc", f"-I{SOURCES}", *plugins, *outputs, "scope_probe/containers/cri.proto"]) != 0:
        sys.exit("protoc refused cri.proto: see above")


if __name__ == "__main__":
    main()
