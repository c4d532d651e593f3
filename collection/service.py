"""The gRPC face of collection.

Nothing is lost when this process is killed: a report that was acknowledged is in the log, one that was not is sent
again by its probe, and storing it twice stores it once.
"""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial

import grpc

from collection import reports
from collection.aside import Aside
from collection.instruments import REPORT, counted
from collection.limits import Probes, Rate
from collection.log import Entry, ReportLog
from collection.settings import CollectionSettings
from mesh import bus, headers
from mesh.bounds import Bound, Per
from mesh.errors import ServiceError
from mesh.headers import Context
from mesh.identity import current
from mesh.serve import Mesh, Registers
from mesh.streams import until
from scope.auth.v1.identity_pb2 import Identity
from scope.collection.v1.messages_pb2 import (
    Acknowledged,
    Drain,
    PublishDocumentRequest,
    PublishDocumentResponse,
    PublishRequest,
    PublishResponse,
)
from scope.collection.v1.service_pb2_grpc import (
    CollectionServiceServicer,
    add_CollectionServiceServicer_to_server,
)
from scope.errors.v1.errors_pb2 import Reason
from scope.report.v1.document_pb2 import Document

_PUBLISH = "/scope.collection.v1.CollectionService/Publish"


class CollectionService(CollectionServiceServicer):
    """See the contract."""

    def __init__(self, mesh: Mesh, log: ReportLog, settings: CollectionSettings) -> None:
        self._mesh = mesh
        self._log = log
        self._streams = Bound(
            settings.streams_per_credential, "streams of reports", Per.CREDENTIAL, "STREAMS_PER_CREDENTIAL"
        )
        self._aside = Aside()
        self._probes = Probes(log.probes, settings.probes_per_organization)
        self._probe_rate = Rate(settings.reports_per_second_per_probe, "probe", "REPORTS_PER_SECOND_PER_PROBE")
        self._organization_rate = Rate(
            settings.reports_per_second_per_organization, "organization", "REPORTS_PER_SECOND_PER_ORGANIZATION"
        )

    async def Publish(  # noqa: N802 - the contract's name
        self, request_iterator: AsyncIterator[PublishRequest], context: Context
    ) -> AsyncIterator[PublishResponse]:
        """See the contract."""
        probe = headers.probe_id(headers.received(context))
        epoch = 0
        async with self._mesh.renewals.lease(_PUBLISH, self._streams) as lease:
            await context.send_initial_metadata(())
            async with aclosing(until(request_iterator, lease.ended, notice=self._mesh.draining)) as requests:
                async for request in requests:
                    if request is None:
                        yield PublishResponse(drain=Drain())
                        continue
                    with counted(), REPORT.apart() if epoch else REPORT.within():
                        identity = lease.identity
                        organization = identity.organization
                        self._check_rate(identity, probe)
                        take = partial(reports.entry, request, organization, probe)
                        entry = await self._aside.run(organization, len(request.report), take)
                        if entry.epoch != epoch:
                            await self._check_epoch(entry, identity)
                            epoch = entry.epoch
                        await self._log.append(entry)
                    yield PublishResponse(acknowledged=Acknowledged(epoch=entry.epoch, number=entry.number))
            if lease.error:
                raise lease.error

    def _check_rate(self, identity: Identity, probe: str) -> None:
        # First the probe: what one sends in excess shall not count against all.
        self._probe_rate.take(f"{identity.organization}.{probe}")
        self._organization_rate.take(identity.organization, identity.limits.get("reports_per_second"))

    async def _newest_epoch(self, identity: Identity, probe: str) -> int:
        """The probe's newest epoch in the log; 0 for a new probe, which is refused where there are too many."""
        newest = await self._log.newest_epoch(identity.organization, probe)
        if not newest:
            await self._probes.admit(identity.organization, probe, identity.limits.get("probes"))
        return newest

    async def _check_epoch(self, entry: Entry, identity: Identity) -> None:
        """Refuses a probe whose epoch is behind one already acknowledged: its reports would never be shown."""
        newest = await self._newest_epoch(identity, entry.probe)
        if entry.epoch < newest:
            message = f"epoch {entry.epoch} is older than {newest}, already acknowledged; continue at {newest + 1}"
            raise ServiceError(
                grpc.StatusCode.FAILED_PRECONDITION,
                Reason.REASON_EPOCH_SUPERSEDED,
                message,
                {"epoch": str(newest)},
            )

    async def PublishDocument(  # noqa: N802 - the contract's name
        self, request: PublishDocumentRequest, context: Context
    ) -> PublishDocumentResponse:
        """See the contract."""
        metadata = headers.received(context)
        identity = current()
        with counted():
            document = reports.document_of(request)
            named = headers.PROBE_ID in metadata
            probe = headers.probe_id(metadata) if named else reports.document_probe_id(document, identity)
            self._check_rate(identity, probe)
            newest = await self._newest_epoch(identity, probe)
            epoch = max(newest + 1, time.time_ns() // 1_000_000)
            entry = await self._encoded(document, identity, probe, epoch)
            while not await self._log.append(entry):  # another document took that epoch
                entry = await self._encoded(document, identity, probe, entry.epoch + 1)
        return PublishDocumentResponse(epoch=entry.epoch, number=entry.number)

    async def _encoded(self, document: Document, identity: Identity, probe: str, epoch: int) -> Entry:
        encode = partial(reports.document_entry, document, identity, probe, epoch)
        return await self._aside.run(identity.organization, document.ByteSize(), encode)


@asynccontextmanager
async def collection_service(mesh: Mesh) -> AsyncIterator[Registers]:
    """What collection consists of."""
    assert isinstance(mesh.settings, CollectionSettings)
    client = await bus.connect(mesh.name, mesh.settings)
    try:
        servicer = CollectionService(mesh, ReportLog(client, mesh.settings), mesh.settings)
        register = partial(add_CollectionServiceServicer_to_server, servicer)
        yield {"scope.collection.v1.CollectionService": register}
    finally:
        await bus.close(client)
