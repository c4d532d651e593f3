"""Envoy's question about every request."""

import grpc
from grpc_status import rpc_status
from typing_extensions import override

from mesh import headers
from mesh.errors import ServiceError
from mesh.headers import Context
from mesh.telemetry.rpc import Served
from scope.edge.v1.authorization_pb2 import CheckRequest, CheckResponse
from scope.edge.v1.authorization_pb2_grpc import AuthorizationServicer
from users.authorize import Authorizer

_CHECK = "/envoy.service.auth.v3.Authorization/Check"


class Authorization(AuthorizationServicer):
    """Envoy's external authorization."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    @override
    async def Check(self, request: CheckRequest, context: Context) -> CheckResponse:
        """See Authorizer.check."""
        served = Served(_CHECK, headers.received(context))
        code = grpc.StatusCode.CANCELLED
        try:
            answer = await self._authorizer.check(request)
            code = grpc.StatusCode.OK
        except ServiceError as error:
            code = error.code
            await context.abort_with_status(rpc_status.to_status(error.status()))
        finally:
            served.end(code)
        return answer
