"""Generates everything under `gen/` from the contracts: `python proto/generate.py`.

The contracts import google.api, google.rpc and buf.validate. None of them is committed: their descriptors come from
the installed packages and are handed to protoc as a descriptor set, so that generated code always matches what is
installed. The image (contracts and everything they import, with comments) goes to `.build/image.binpb`, which buf lints
and compares.
"""

import shutil
import sys
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
BUILD = ROOT / ".build"
PYTHON = ROOT / "gen" / "python" / "src"
DEPENDENCIES = BUILD / "dependencies.binpb"
IMAGE = BUILD / "image.binpb"


def contracts() -> list[str]:
    """The contract files, relative to `proto/`, sorted so that the output is the same everywhere."""
    return sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))


def _add(file: FileDescriptor, known: dict[str, FileDescriptorProto]) -> None:
    """Adds a file's descriptor after those it imports: protoc wants them in that order."""
    if file.name in known:
        return
    for dependency in file.dependencies:
        _add(dependency, known)
    descriptor = FileDescriptorProto()
    file.CopyToProto(descriptor)
    known[file.name] = descriptor


def write_dependencies() -> None:
    """Writes the descriptors of all that the contracts may import from elsewhere."""
    from google.api import annotations_pb2, httpbody_pb2
    from google.protobuf import duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
    from google.rpc import error_details_pb2, status_pb2

    # protovalidate keeps its own copy of buf/validate/validate.proto as a descriptor only.
    from protovalidate._gen.buf.validate import validate_pb

    known: dict[str, FileDescriptorProto] = {}
    modules = (
        annotations_pb2,
        httpbody_pb2,
        duration_pb2,
        field_mask_pb2,
        struct_pb2,
        timestamp_pb2,
        error_details_pb2,
        status_pb2,
    )
    for module in modules:
        _add(module.DESCRIPTOR, known)
    rules = FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
    known[rules.name] = rules
    DEPENDENCIES.write_bytes(FileDescriptorSet(file=known.values()).SerializeToString(deterministic=True))


def run_protoc(*arguments: str) -> None:
    """Runs protoc over the contracts; ends the program with its messages where it refuses them."""
    plugins = [f"--plugin={path}" for path in Path(sys.executable).parent.glob("protoc-gen-*")]
    common = [f"--descriptor_set_in={DEPENDENCIES}", f"-I{PROTO}", *plugins]
    if protoc.main(["protoc", *common, *arguments]) != 0:
        sys.exit("protoc refused the contracts: see above")


def write_image() -> None:
    """Writes the contracts with everything they import, comments included."""
    run_protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={IMAGE}", *contracts())


def write_python() -> None:
    """Writes messages, typed stubs and servicers, and the field rules' own messages.

    What was there goes only when its successor is complete.
    """
    unfinished = BUILD / "python"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    run_protoc(f"--python_out={unfinished}", f"--mypy_out={unfinished}", *contracts(), "buf/validate/validate.proto")
    services = [name for name in contracts() if "\nservice " in (PROTO / name).read_text()]
    run_protoc(f"--grpc_python_out={unfinished}", f"--mypy_grpc_out={unfinished}", *services)
    for package in unfinished.iterdir():
        _make_package(package)
        shutil.rmtree(PYTHON / package.name, ignore_errors=True)
        package.rename(PYTHON / package.name)


def _make_package(package: Path) -> None:
    for directory in (package, *package.rglob("*/")):
        (directory / "__init__.py").write_text("")
    (package / "py.typed").touch()


def main() -> None:
    """Regenerates everything."""
    BUILD.mkdir(exist_ok=True)
    PYTHON.mkdir(parents=True, exist_ok=True)
    write_dependencies()
    write_image()
    write_python()
    print(f"generated {PYTHON.relative_to(ROOT)} from {len(contracts())} contracts")


if __name__ == "__main__":
    main()
