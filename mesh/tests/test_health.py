"""Whoever asks by `python -m mesh.health` hears what the service says of itself."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server


def asked(port: int) -> int:
    """The status it ends with, by which engines go."""
    environment = {**os.environ, "LISTEN": f"0.0.0.0:{port}"}
    return subprocess.run([sys.executable, "-m", "mesh.health"], env=environment, check=False, timeout=60).returncode


@pytest.mark.parametrize(
    ("says", "status"), [(HealthCheckResponse.SERVING, 0), (HealthCheckResponse.NOT_SERVING, 1)], ids=["yes", "no"]
)
def test_it_ends_as_the_service_says(says: int, status: int) -> None:
    health = HealthServicer()
    health.set("", says)
    server = grpc.server(ThreadPoolExecutor(2))
    add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert asked(port) == status
    finally:
        server.stop(None).wait()
    assert asked(port) == 1
