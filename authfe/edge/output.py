"""Writes what Envoy reads."""

import json
from pathlib import Path

from authfe.edge.bootstrap import bootstrap
from authfe.edge.deployment import Deployment
from authfe.edge.descriptors import descriptor_set

CONFIGURATION = "envoy.json"
DESCRIPTORS = "contracts.binpb"


def write(deployment: Deployment, out_dir: Path) -> Path:
    """Writes the configuration and, beside it, the contracts that it reads; returns the configuration's path.

    The configuration names the contracts by `out_dir` as given: a relative one holds from where Envoy is started.

    Raises:
        ValueError: The deployment does not fit the contracts; nothing is written.
    """
    configuration = bootstrap(deployment, out_dir / DESCRIPTORS)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / DESCRIPTORS).write_bytes(descriptor_set())
    path = out_dir / CONFIGURATION
    path.write_text(json.dumps(configuration, indent=2) + "\n")
    return path
