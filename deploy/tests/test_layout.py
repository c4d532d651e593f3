"""Where a mesh is: no two things of it at one port."""

import random
from pathlib import Path

import pytest

from deploy.local import command
from deploy.local.layout import SERVICES, lay_out
from deploy.local.options import Options
from tests.certificates import Authority


def test_no_service_is_given_a_port_of_the_edge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    needed = 3 + 2 * len(SERVICES)  # the database, the bus and the edge have one each
    ports = command.free_ports(needed + 2)
    monkeypatch.setattr(command, "_PORTS", ports)
    # Whichever come first, the edge's are among them unless they are left out.
    monkeypatch.setattr(random, "sample", lambda found, count: list(found)[:count])
    files = Authority(tmp_path).certificate()
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", str(ports[0]))
    monkeypatch.setenv("REDIRECT_PORT", str(ports[1]))
    monkeypatch.setenv("TLS_CERT", str(files.cert))
    monkeypatch.setenv("TLS_KEY", str(files.key))
    layout = lay_out(Options())
    given = [layout.cluster.port, layout.broker.port]
    given += [port for replica in layout.replicas for port in (replica.port, replica.metrics_port)]
    assert layout.port == ports[0]
    assert len(given) == len(set(given))
    assert not {ports[0], ports[1]} & set(given)
