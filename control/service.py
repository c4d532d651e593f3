"""The gRPC face of control."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from control.settings import ControlSettings
from mesh import bus
from mesh.serve import Mesh, Registers
from scope.control.v1.service_pb2_grpc import ControlServiceServicer, add_ControlServiceServicer_to_server


class ControlService(ControlServiceServicer):
    """See the contract."""


@asynccontextmanager
async def control_service(mesh: Mesh) -> AsyncIterator[Registers]:
    """What control consists of."""
    assert isinstance(mesh.settings, ControlSettings)
    client = await bus.connect(mesh.name, mesh.settings)
    try:
        register = partial(add_ControlServiceServicer_to_server, ControlService())
        yield {"scope.control.v1.ControlService": register}
    finally:
        await bus.close(client)
