"""The gRPC face of pipe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from mesh import bus
from mesh.serve import Mesh, Registers
from pipe.settings import PipeSettings
from scope.pipe.v1.service_pb2_grpc import PipeServiceServicer, add_PipeServiceServicer_to_server


class PipeService(PipeServiceServicer):
    """See the contract."""


@asynccontextmanager
async def pipe_service(mesh: Mesh) -> AsyncIterator[Registers]:
    """What pipe consists of."""
    assert isinstance(mesh.settings, PipeSettings)
    client = await bus.connect(mesh.name, mesh.settings)
    try:
        register = partial(add_PipeServiceServicer_to_server, PipeService())
        yield {"scope.pipe.v1.PipeService": register}
    finally:
        await bus.close(client)
