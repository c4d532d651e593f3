"""Whether a container's own service serves, as its engine asks."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from deploy.local.command import free_ports
from mesh.health import serves


@pytest.mark.integration
def test_a_service_serves_while_it_says_so_and_not_when_it_leaves_or_is_gone() -> None:
    health = HealthServicer()
    server = grpc.server(ThreadPoolExecutor(1))
    add_HealthServicer_to_server(health, server)
    port = str(free_ports(1)[0])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    assert serves(port)
    health.set("", HealthCheckResponse.NOT_SERVING)
    assert not serves(port)
    server.stop(None).wait()
    assert not serves(port)
