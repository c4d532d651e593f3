"""Writes `gen/openapi/openapi.json` from the contracts: `python proto/describe.py`, after `proto/generate.py`."""

import json

from generate import IMAGE, ROOT
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from openapi import document

OPENAPI = ROOT / "gen" / "openapi" / "openapi.json"


def main() -> None:
    """Writes the document; the same contracts give the same bytes."""
    image = FileDescriptorSet.FromString(IMAGE.read_bytes())
    OPENAPI.parent.mkdir(parents=True, exist_ok=True)
    OPENAPI.write_text(json.dumps(document(image), indent=2) + "\n")


if __name__ == "__main__":
    main()
