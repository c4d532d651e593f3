"""Streams outlive identities: what keeps an open stream honest.

Every service asks users, every two seconds and for all at once, what the credentials of its open streams are worth. A
stream whose credential was revoked, or whose rule no longer admits its caller, ends and is told why. While users cannot
be reached streams live on, for a minute. Asking, rather than being told, means that no lost message keeps a revoked
stream open.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import grpc
import structlog

from mesh import access
from mesh.bounds import Bound
from mesh.errors import ServiceError
from mesh.identity import Verifier, current, service_metadata
from mesh.instruments import LEASES, LEASES_ENDED
from mesh.keyring import MeshKeys
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from scope.users.v1.messages_pb2 import RenewRequest, StreamCredential
from scope.users.v1.service_pb2_grpc import IdentityServiceStub

#: How often credentials are asked for, in seconds.
INTERVAL = 2.0
#: How long streams live on while users cannot be reached, in seconds.
PATIENCE = 60.0
#: Credentials asked for in one call; the contract's bound. An answer stays far below what a message may have.
BATCH = 2_000

_RENEW = "/scope.users.v1.IdentityService/Renew"
#: What a stream ends with as it is; whatever else the caller lost is a revocation too.
_SAID = (Reason.REASON_CREDENTIAL_REVOKED, Reason.REASON_ORGANIZATION_REFUSED)
_log = structlog.get_logger()


class Lease:
    """One stream's right to go on."""

    def __init__(self, rpc: str, identity: Identity, permission: str = "") -> None:
        self.rpc = rpc
        #: What the caller must stay permitted beyond the rule of the RPC; empty: nothing.
        self.permission = permission
        #: The caller as last confirmed.
        self.identity = identity
        #: Set when the stream must end.
        self.ended = asyncio.Event()
        #: Why it must end.
        self.error: ServiceError | None = None

    def end(self, error: ServiceError) -> None:
        """Ends the stream for a reason, the first that there is."""
        if self.ended.is_set():
            return
        LEASES_ENDED.add(1, error.reason_name)
        self.error = error
        self.ended.set()


class Renewals:
    """The leases of one process."""

    def __init__(self, channel: grpc.aio.Channel, service: str, mesh_keys: MeshKeys, verifier: Verifier) -> None:
        self._stub = IdentityServiceStub(channel)
        self._service = service
        self._mesh_keys = mesh_keys
        #: Tells whose a token is.
        self.verifier = verifier
        self._leases: set[Lease] = set()
        self._answered = time.monotonic()

    @asynccontextmanager
    async def lease(self, rpc: str, bound: Bound, permission: str = "") -> AsyncIterator[Lease]:
        """Holds a lease for the current caller while the body runs; the body must end when the lease does.

        RPCs that are given the same bound are counted together. The permission is one that the caller has and must
        keep, beyond the rule of the RPC. Raises ServiceError RESOURCE_EXHAUSTED (LIMIT_EXCEEDED) where the caller holds
        as many as the bound allows.
        """
        with bound.held(current()), self.held(Lease(rpc, current(), permission)) as lease:
            yield lease

    @contextmanager
    def held(self, lease: Lease) -> Iterator[Lease]:
        """Holds a lease while the body runs, also one for somebody who does not call now; they are not counted."""
        if not self._leases:
            self._answered = time.monotonic()
        self._leases.add(lease)
        try:
            yield lease
        finally:
            self._leases.discard(lease)

    async def run(self) -> None:
        """Asks for ever."""
        with LEASES.reads(lambda: len(self._leases)):
            while True:
                await asyncio.sleep(INTERVAL)
                if self._leases:
                    await self._renew()

    async def _renew(self) -> None:
        leases = list(self._leases)
        credentials = list({(lease.identity.credential, lease.identity.organization) for lease in leases})
        try:
            worth: dict[tuple[str, str], Identity | None] = {}
            for batch in _batches(credentials):
                worth |= await self._ask(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is: who is not asked for must not stay unnoticed
            self._unanswered(leases, error)
            return
        self._answered = time.monotonic()
        for lease in leases:
            _settle(lease, worth[lease.identity.credential, lease.identity.organization])

    async def _ask(self, credentials: list[tuple[str, str]]) -> dict[tuple[str, str], Identity | None]:
        request = RenewRequest(
            credentials=[StreamCredential(credential=name, organization=org) for name, org in credentials]
        )
        metadata = service_metadata(self._mesh_keys, self._service, _RENEW)
        answer = await self._stub.Renew(request, metadata=metadata, timeout=INTERVAL)
        tokens = [renewed.token for renewed in answer.identities]
        identities = [await self.verifier.verify(token, self._service) if token else None for token in tokens]
        return dict(zip(credentials, identities, strict=True))

    def _unanswered(self, leases: list[Lease], error: Exception) -> None:
        silent = time.monotonic() - self._answered
        _log.warning("credentials of open streams could not be renewed", streams=len(leases), error=str(error))
        if silent > PATIENCE:
            message = f"the users service has not answered for {silent:.0f} s; connect again"
            for lease in leases:
                lease.end(ServiceError(grpc.StatusCode.UNAVAILABLE, Reason.REASON_IDENTITY_UNAVAILABLE, message))


def _batches(credentials: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    return (credentials[start : start + BATCH] for start in range(0, len(credentials), BATCH))


def _settle(lease: Lease, identity: Identity | None) -> None:
    """Lets a stream go on as the caller it now is, or ends it."""
    try:
        if identity is None:
            raise _revoked("the credential was revoked or has expired; sign in again, or use another token")
        if _acts_as(identity) != _acts_as(lease.identity):
            raise _revoked("the session acts as somebody else now; connect again")
        access.check(lease.rpc, identity)
        if lease.permission and lease.permission not in identity.permissions:
            raise _revoked(f"this needs the permission {lease.permission} in the organization, which was withdrawn")
    except ServiceError as error:
        lease.end(error if error.reason in _SAID else _revoked(error.message))
    else:
        lease.identity = identity


def _acts_as(identity: Identity) -> tuple[str, str]:
    return identity.subject, identity.impersonator


def _revoked(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.UNAUTHENTICATED, Reason.REASON_CREDENTIAL_REVOKED, message)
