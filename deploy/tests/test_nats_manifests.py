"""NATS in a cluster is what it is everywhere: as large messages, as often synced, as closed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import secrets
from deploy.local.nats import SYNC_INTERVAL
from deploy.tests.manifests import K8S, rendered
from mesh.limits import MESSAGE_BYTES

_GIB = 1024**3


def values(path: str) -> dict[str, Any]:
    """What a file tells the chart."""
    found: dict[str, Any] = yaml.safe_load((K8S / path).read_text())
    return found


def gib(size: str) -> int:
    assert size.endswith("Gi")
    return int(size.removesuffix("Gi"))


def settings(environment: str) -> dict[str, str]:
    """What the services share."""
    found: dict[str, str]
    maps = rendered(environment).of("ConfigMap")
    (found,) = (one["data"] for one in maps if one["metadata"]["name"].startswith("mesh-"))
    return found


def test_the_server_of_the_local_cluster_starts_with_the_secrets_that_are_made(tmp_path: Path) -> None:
    secrets.make(tmp_path / "secrets")
    (tmp_path / "authorization").symlink_to(tmp_path / "secrets" / "nats")
    text = rendered("local").one("ConfigMap", "nats")["data"]["nats.conf"]
    assert f"max_payload: {MESSAGE_BYTES}\n" in text
    assert f'sync_interval: "{SYNC_INTERVAL}"\n' in text
    assert "\ninclude authorization/authorization.conf\n" in text
    (tmp_path / "nats.conf").write_text(text.replace("/data", str(tmp_path / "data")))
    server = Path(sys.executable).with_name("nats-server")
    done = subprocess.run([server, "-t", "-c", tmp_path / "nats.conf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_the_local_server_keeps_fits_on_its_volume() -> None:
    local = rendered("local")
    (claim,) = local.one("StatefulSet", "nats")["spec"]["volumeClaimTemplates"]
    text = local.one("ConfigMap", "nats")["data"]["nats.conf"]
    kept = int(text.partition("max_file_store: ")[2].split()[0])
    assert kept <= gib(claim["spec"]["resources"]["requests"]["storage"]) * _GIB * 0.95


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_chart_makes_the_same_of_several(environment: str) -> None:
    shared = values("nats/values.yaml")
    config, (mount,), (volume,) = shared["config"], shared["container"]["patch"], shared["podTemplate"]["patch"]
    assert config["merge"]["max_payload"] == MESSAGE_BYTES
    assert config["jetstream"]["merge"]["sync_interval"] == SYNC_INTERVAL
    assert config["merge"]["00$include"] == "../nats-authorization/authorization.conf"
    assert (mount["value"]["mountPath"], mount["value"]["name"]) == ("/etc/nats-authorization", volume["value"]["name"])
    assert volume["value"]["secret"]["secretName"] == "nats"
    assert int(settings(environment)["NATS_REPLICAS"]) == config["cluster"]["replicas"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_each_server_of_the_chart_keeps_fits_on_its_volume(environment: str) -> None:
    store = values(f"{environment}/nats-values.yaml")["config"]["jetstream"]["fileStore"]
    assert gib(store["maxSize"]) <= gib(store["pvc"]["size"]) * 0.95
