"""Compares the contracts with those of the commit that `proto/BASELINE` names: what clients use must go on.

Moving the baseline is a commit of its own that says why. Until there is one, there is nothing to keep.
"""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from generate import BUILD, DEPENDENCIES, IMAGE, PROTO, ROOT
from grpc_tools import protoc

BASELINE = PROTO / "BASELINE"


def main() -> None:
    """Ends the program with buf's complaints where a client would break."""
    if not BASELINE.exists():
        print("no proto/BASELINE yet: nothing to compare the contracts with")
        return
    image = _image_of(BASELINE.read_text().strip())
    buf = Path(sys.executable).with_name("buf")
    sys.exit(subprocess.run([buf, "breaking", IMAGE, "--against", image], cwd=ROOT, check=False).returncode)


def _image_of(commit: str) -> Path:
    folder = BUILD / "baseline"
    shutil.rmtree(folder, ignore_errors=True)
    archive = subprocess.run(["git", "archive", commit, "proto"], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        sys.exit(f"proto/BASELINE names {commit}, which this clone does not have: git fetch --unshallow")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    image, sources = folder / "image.binpb", folder / "proto"
    names = sorted(str(path.relative_to(sources)) for path in sources.rglob("*.proto"))
    inputs = [f"--descriptor_set_in={DEPENDENCIES}", f"-I{sources}"]
    if protoc.main(["protoc", *inputs, "--include_imports", f"--descriptor_set_out={image}", *names]) != 0:
        sys.exit(f"the contracts of {commit} cannot be compiled: see above")
    return image


if __name__ == "__main__":
    main()
