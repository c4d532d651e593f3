"""Whether the service in this container serves: `python -m mesh.health` ends with 0 if it does."""

import os
import sys
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

# Engines give up later.
_SECONDS = 4


def serves(port: str) -> bool:
    """Whether what listens at this port of the loopback says that it serves."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = HealthStub(channel)  # its types name no methods
        try:
            answer = stub.Check(HealthCheckRequest(), timeout=_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == HealthCheckResponse.SERVING)


if __name__ == "__main__":
    sys.exit(not serves(os.environ["LISTEN"].rpartition(":")[2]))
