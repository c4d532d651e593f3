from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """An API server with the shop, which KUBECONFIG leads to."""
    server = ApiServer()
    server.start()
    try:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
        shop.fill(server)
        yield server
    finally:
        server.stop()
