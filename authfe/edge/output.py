"""Writes what Envoy reads."""

import json
from pathlib import Path

from authfe.edge.bootstrap import bootstrap
from authfe.edge.deployment import Deployment
from authfe.edge.descriptors import descriptor_set
from authfe.edge.tls import secrets
from authfe.edge.typed import Config

CONFIGURATION = "envoy.json"
DESCRIPTORS = "contracts.binpb"
SECRETS = "certificate.json"


def write(deployment: Deployment, out_dir: Path) -> Path:
    """Writes the configuration and, beside it, the contracts that it reads and, with TLS, which certificate it serves.

    The configuration names them by `out_dir` as given: a relative one holds from where Envoy is started.

    Returns:
        The configuration's path.

    Raises:
        ValueError: The deployment does not fit the contracts; nothing is written.
    """
    configuration = bootstrap(deployment, out_dir / DESCRIPTORS, out_dir / SECRETS)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / DESCRIPTORS).write_bytes(descriptor_set())
    if deployment.tls:
        _write(out_dir / SECRETS, secrets(deployment.tls))
    return _write(out_dir / CONFIGURATION, configuration)


def _write(path: Path, value: Config) -> Path:
    path.write_text(json.dumps(value, indent=2) + "\n")
    return path
