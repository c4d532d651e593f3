"""What administrators of the deployment do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from mesh.errors import ServiceError
from mesh.headers import Context
from mesh.identity import current
from scope.errors.v1.errors_pb2 import Reason
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.administration_pb2 import (
    ApproveRequest,
    ApproveResponse,
    DisableRequest,
    DisableResponse,
    EnableRequest,
    EnableResponse,
    ImpersonateRequest,
    ImpersonateResponse,
    ListAllOrganizationsRequest,
    ListAllOrganizationsResponse,
    ListPeopleRequest,
    ListPeopleResponse,
    SetAdministratorRequest,
    SetAdministratorResponse,
    SetLimitsRequest,
    SetLimitsResponse,
    SetRefusalRequest,
    SetRefusalResponse,
)
from scope.users.v1.audit_pb2 import ListAllEventsRequest, ListAllEventsResponse
from users import accounts, impersonation
from users.administration import organizations, people
from users.audit import Action, Refusals, reading
from users.cache import Credentials
from users.credentials import id_of
from users.database import Database
from users.secrets import Kind
from users.times import timestamp

_RECORDED = (Reason.REASON_PERMISSION_DENIED, Reason.REASON_OWN_ACCOUNT)


class AdministrationService(service_pb2_grpc.AdministrationServiceServicer):
    """What administrators of the deployment do. What they change is felt here at once, elsewhere within seconds."""

    def __init__(self, database: Database, refusals: Refusals, known: Credentials) -> None:
        self._database = database
        self._refusals = refusals
        self._known = known

    @override
    async def ListPeople(self, request: ListPeopleRequest, context: Context) -> ListPeopleResponse:
        """Lists people."""
        return await people.listed(self._database, request)

    @override
    async def Approve(self, request: ApproveRequest, context: Context) -> ApproveResponse:
        """Lets a person sign in."""
        people.check_id(request.id)
        async with self._change(Action.USER_APPROVE, request.id) as session:
            user = await accounts.approve(session, request.id)
            return ApproveResponse(person=await people.described(session, user))

    @override
    async def Disable(self, request: DisableRequest, context: Context) -> DisableResponse:
        """Disables a person."""
        async with self._change(Action.USER_DISABLE, request.id) as session:
            _check_somebody_else(request.id)
            user = await people.disable(session, request.id, request.reason)
            return DisableResponse(person=await people.described(session, user))

    @override
    async def Enable(self, request: EnableRequest, context: Context) -> EnableResponse:
        """Enables a person again."""
        async with self._change(Action.USER_ENABLE, request.id) as session:
            user = await people.enable(session, request.id)
            return EnableResponse(person=await people.described(session, user))

    @override
    async def SetAdministrator(self, request: SetAdministratorRequest, context: Context) -> SetAdministratorResponse:
        """Makes a person an administrator, or no longer one."""
        async with self._change(Action.USER_SET_ADMINISTRATOR, request.id) as session:
            _check_somebody_else(request.id)
            user = await people.set_administrator(session, request.id, admin=request.admin)
            return SetAdministratorResponse(person=await people.described(session, user))

    @override
    async def Impersonate(self, request: ImpersonateRequest, context: Context) -> ImpersonateResponse:
        """Lets the caller's session act as a person."""
        caller = current()
        session_id = id_of(Kind.SESSION, caller.credential)
        async with self._change(Action.IMPERSONATION_BEGIN, request.id) as session:
            begun = await impersonation.begin(
                session, caller.subject, session_id, request.id, reason=request.reason, seconds=request.seconds
            )
            user = await accounts.by_id(session, begun.user_id)
            return ImpersonateResponse(email=user.email, expires=timestamp(begun.expires))

    @override
    async def ListAllOrganizations(
        self, request: ListAllOrganizationsRequest, context: Context
    ) -> ListAllOrganizationsResponse:
        """Lists organizations."""
        return await organizations.listed(self._database, request)

    @override
    async def SetLimits(self, request: SetLimitsRequest, context: Context) -> SetLimitsResponse:
        """Gives an organization limits of its own."""
        async with self._change(Action.ORGANIZATION_SET_LIMITS, request.id) as session:
            organization = await organizations.set_limits(session, request.id, request.limits)
            return SetLimitsResponse(organization=organization)

    @override
    async def SetRefusal(self, request: SetRefusalRequest, context: Context) -> SetRefusalResponse:
        """Refuses an organization access, or its probes, or no longer."""
        async with self._change(Action.ORGANIZATION_SET_REFUSAL, request.id) as session:
            organization = await organizations.set_refusal(session, request.id, request.refusal)
            return SetRefusalResponse(organization=organization)

    @override
    async def ListAllEvents(self, request: ListAllEventsRequest, context: Context) -> ListAllEventsResponse:
        """Lists what was done and refused."""
        return await reading.page_of_all(self._database, request)

    @asynccontextmanager
    async def _change(self, action: Action, subject: str) -> AsyncIterator[AsyncSession]:
        """The transaction of a change, which is felt when it ends; that somebody may not do it is recorded."""
        async with self._refusals.recorded(action, _RECORDED, subject=subject) as session:
            await accounts.administering(session, current().subject)
            yield session
        self._known.forget()


def _check_somebody_else(user_id: str) -> None:
    """Raises ServiceError FAILED_PRECONDITION when the caller is meant."""
    if user_id == current().subject:
        message = "nobody does this to themselves; another administrator has to, or scope-users on the server"
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_OWN_ACCOUNT, message)
