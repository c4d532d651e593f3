"""What was done in an organization, and what was refused."""

from collections.abc import AsyncIterator

from google.api.httpbody_pb2 import HttpBody
from typing_extensions import override

from mesh.bounds import Bound, Per
from mesh.errors import unavailable
from mesh.headers import Context
from mesh.identity import current
from mesh.serve import Mesh
from mesh.streams import until
from scope.errors.v1.errors_pb2 import Reason
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.audit_pb2 import ExportEventsRequest, ListEventsRequest, ListEventsResponse
from users.audit import reading
from users.database import Database

_EXPORT = "/scope.users.v1.AuditService/ExportEvents"
_LINES = "application/x-ndjson"


class AuditService(service_pb2_grpc.AuditServiceServicer):
    """The events of the caller's organization."""

    def __init__(self, database: Database, mesh: Mesh, exports_per_user: int) -> None:
        self._database = database
        self._mesh = mesh
        self._exports = Bound(exports_per_user, "exports", Per.USER, "EXPORTS_PER_USER")

    @override
    async def ListEvents(self, request: ListEventsRequest, context: Context) -> ListEventsResponse:
        """Lists them."""
        return await reading.page(self._database, request, current().organization)

    @override
    async def ExportEvents(self, request: ExportEventsRequest, context: Context) -> AsyncIterator[HttpBody]:
        """Answers all of them, as long as the caller may read them and this replica stays."""
        async with self._mesh.renewals.lease(_EXPORT, self._exports) as lease:
            lines = reading.export(self._database, request, current().organization)
            async for part in until(lines, lease.ended, self._mesh.draining):
                yield HttpBody(content_type=_LINES, data=part)
            if lease.error is not None:
                raise lease.error
            if self._mesh.draining.is_set():
                raise unavailable(Reason.REASON_SERVICE_UNAVAILABLE, "this replica is leaving; export again")
