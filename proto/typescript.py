"""Writes `gen/ts/src` from the contracts: `python proto/typescript.py`, after `python proto/generate.py`.

JavaScript with its types, so that programs need no compiler of theirs to use it. What runs on Node.js is pinned by
`gen/ts/package-lock.json`.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable

from generate import BUILD, DEPENDENCIES, IMAGE, ROOT
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet

from deploy import node

PACKAGE = ROOT / "gen" / "ts"
SOURCES = PACKAGE / "src"
MODULES = PACKAGE / "node_modules"

_PLUGIN = MODULES / "@bufbuild" / "protoc-gen-es" / "bin" / "protoc-gen-es"


def main() -> None:
    """Generates everything; what was there goes only when its successor is complete."""
    try:
        node.install(PACKAGE)
    except node.NodeError as error:
        sys.exit(str(error))
    unfinished = BUILD / "ts"
    shutil.rmtree(unfinished, ignore_errors=True)
    for file in _generated():
        path = unfinished / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)
    shutil.rmtree(SOURCES, ignore_errors=True)
    unfinished.rename(SOURCES)


def _generated() -> list[CodeGeneratorResponse.File]:
    """What the plugin makes of the contracts and of all that they import; google.protobuf comes with its runtime."""
    known = {
        file.name: file
        for path in (DEPENDENCIES, IMAGE)
        for file in FileDescriptorSet.FromString(path.read_bytes()).file
    }
    for file in known.values():
        _name_in_json(file.message_type)
    request = CodeGeneratorRequest(
        file_to_generate=(name for name in known if not name.startswith("google/protobuf/")),
        parameter="target=js+dts,import_extension=js,json_types=true",
        proto_file=known.values(),
    )
    done = subprocess.run(
        [node.node().program, _PLUGIN], input=request.SerializeToString(), capture_output=True, check=False
    )
    response = CodeGeneratorResponse.FromString(done.stdout)
    if done.returncode or response.error:
        sys.exit(f"protoc-gen-es failed: {response.error or done.stderr.decode()}")
    return list(response.file)


def _name_in_json(messages: Iterable[DescriptorProto]) -> None:
    """Names fields as protoc does before it calls a plugin; descriptors of installed packages do not say it."""
    for message in messages:
        for field in message.field:
            first, *others = field.name.split("_")
            field.json_name = field.json_name or first + "".join(map(str.capitalize, others))
        _name_in_json(message.nested_type)


if __name__ == "__main__":
    main()
