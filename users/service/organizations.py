"""Organizations, who belongs to them and who is invited."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from mesh.headers import Context
from mesh.identity import current
from scope.errors.v1.errors_pb2 import Reason
from scope.users.v1 import organizations_pb2 as said
from scope.users.v1 import service_pb2_grpc
from users import accounts, impersonation, invitations, members, organizations, rates, roles, tables
from users.audit import Action, Refusals
from users.cache import Credentials
from users.credentials import id_of
from users.database import Database
from users.invitations import Invited
from users.rates import Limits
from users.secrets import Kind
from users.tables import Role
from users.times import timestamp

#: Why a change may be refused that matters enough to be recorded.
_RECORDED = frozenset(
    {
        Reason.REASON_INVALID_FIELD,
        Reason.REASON_OWN_ACCOUNT,
        Reason.REASON_LAST_ADMINISTRATOR,
        Reason.REASON_PERMISSION_DENIED,
    }
)


class OrganizationService(service_pb2_grpc.OrganizationServiceServicer):
    """Organizations, who belongs to them and who is invited.

    Args:
        database: the accounts.
        refusals: where changes are recorded that were refused.
        known: the credentials that are remembered.
        limits: how often something may be done.
        most: how many organizations a person may make.
    """

    def __init__(self, database: Database, refusals: Refusals, known: Credentials, limits: Limits, most: int) -> None:
        self._database = database
        self._refusals = refusals
        self._known = known
        self._limits = limits
        self._most = most

    @override
    async def GenerateOrganizationId(
        self, request: said.GenerateOrganizationIdRequest, context: Context
    ) -> said.GenerateOrganizationIdResponse:
        """Offers an id."""
        async with self._database.begin() as session:
            return said.GenerateOrganizationIdResponse(id=await organizations.free_slug(session))

    @override
    async def CreateOrganization(
        self, request: said.CreateOrganizationRequest, context: Context
    ) -> said.CreateOrganizationResponse:
        """Makes an organization."""
        caller = current()
        await rates.take(self._database, self._limits.organization, caller.subject)
        async with self._database.begin() as session:
            made = await organizations.found(session, caller.subject, request.id, request.name, self._most)
        self._known.forget()
        return said.CreateOrganizationResponse(organization=_organization(made, Role.ADMIN))

    @override
    async def ListOrganizations(
        self, request: said.ListOrganizationsRequest, context: Context
    ) -> said.ListOrganizationsResponse:
        """Lists the caller's organizations; with an API token, the token's."""
        caller = current()
        bound = bool(id_of(Kind.API, caller.credential))
        async with self._database.begin() as session:
            places = await organizations.of_user(session, caller.subject)
        return said.ListOrganizationsResponse(
            organizations=[
                _organization(organization, role)
                for organization, role in places
                if not bound or organization.id == caller.organization
            ]
        )

    @override
    async def GetOrganization(
        self, request: said.GetOrganizationRequest, context: Context
    ) -> said.GetOrganizationResponse:
        """Answers the organization."""
        async with self._database.begin() as session:
            return said.GetOrganizationResponse(organization=await _own(session))

    @override
    async def UpdateOrganization(
        self, request: said.UpdateOrganizationRequest, context: Context
    ) -> said.UpdateOrganizationResponse:
        """Renames the organization."""
        async with self._database.begin() as session:
            await organizations.rename(session, current().organization, request.name)
            return said.UpdateOrganizationResponse(organization=await _own(session))

    @override
    async def DeleteOrganization(
        self, request: said.DeleteOrganizationRequest, context: Context
    ) -> said.DeleteOrganizationResponse:
        """Deletes the organization."""
        organization = current().organization
        async with self._recording(Action.ORGANIZATION_DELETE, organization) as session:
            await organizations.delete(session, organization, request.confirm)
        self._known.forget()
        return said.DeleteOrganizationResponse()

    @override
    async def ListRoles(self, request: said.ListRolesRequest, context: Context) -> said.ListRolesResponse:
        """Lists the roles."""
        return said.ListRolesResponse(roles=[said.Role(id=role, permissions=roles.PERMISSIONS[role]) for role in Role])

    @override
    async def ListMembers(self, request: said.ListMembersRequest, context: Context) -> said.ListMembersResponse:
        """Lists members."""
        answer = said.ListMembersResponse()
        async with self._database.begin() as session:
            page = await members.listed(session, current().organization, request.page_size, request.page_token)
        answer.next_page_token = page.fill(answer.members, map(_member, page.rows))
        return answer

    @override
    async def UpdateMember(self, request: said.UpdateMemberRequest, context: Context) -> said.UpdateMemberResponse:
        """Changes a member's role."""
        caller = current()
        async with self._recording(Action.MEMBER_UPDATE, request.id) as session:
            changed = await members.change_role(
                session, caller.organization, caller.subject, request.id, Role(request.role)
            )
        self._known.forget()
        return said.UpdateMemberResponse(member=_member(changed))

    @override
    async def RemoveMember(self, request: said.RemoveMemberRequest, context: Context) -> said.RemoveMemberResponse:
        """Removes a member."""
        await self._remove(request.id)
        return said.RemoveMemberResponse()

    @override
    async def Leave(self, request: said.LeaveRequest, context: Context) -> said.LeaveResponse:
        """Leaves."""
        await self._remove(current().subject)
        return said.LeaveResponse()

    async def _remove(self, user: str) -> None:
        caller = current()
        action = Action.MEMBER_LEAVE if user == caller.subject else Action.MEMBER_REMOVE
        async with self._recording(action, user) as session:
            await members.remove(session, caller.organization, caller.subject, user)
        self._known.forget()

    @override
    async def Invite(self, request: said.InviteRequest, context: Context) -> said.InviteResponse:
        """Invites somebody; what it answers and how long it takes say nothing about who has an account."""
        caller = current()
        # Whoever is invited, the one who acts perhaps, would stay when that is over.
        impersonation.check_own(caller, "you act as somebody else, in whose name nobody is invited")
        email = accounts.normal(request.email)
        role = Role(request.role or Role.VIEWER)
        await rates.take(self._database, self._limits.invitation, caller.subject)
        await rates.take(self._database, self._limits.mail, email)
        async with self._recording(Action.INVITATION_CREATE, email) as session:
            invited = await invitations.invite(session, caller.organization, caller.subject, email, role)
        return said.InviteResponse(invitation=_invitation(invited) if invited else None)

    @override
    async def ListInvitations(
        self, request: said.ListInvitationsRequest, context: Context
    ) -> said.ListInvitationsResponse:
        """Lists open invitations to the organization."""
        async with self._database.begin() as session:
            found = await invitations.open_of(session, current().organization)
        return said.ListInvitationsResponse(invitations=map(_invitation, found))

    @override
    async def RevokeInvitation(
        self, request: said.RevokeInvitationRequest, context: Context
    ) -> said.RevokeInvitationResponse:
        """Takes an invitation back."""
        async with self._database.begin() as session:
            await invitations.revoke(session, current().organization, request.id)
        return said.RevokeInvitationResponse()

    @override
    async def ListMyInvitations(
        self, request: said.ListMyInvitationsRequest, context: Context
    ) -> said.ListMyInvitationsResponse:
        """Lists open invitations of the caller."""
        async with self._database.begin() as session:
            person = await accounts.by_id(session, current().subject)
            found = await invitations.open_for(session, person.email)
        return said.ListMyInvitationsResponse(invitations=map(_invitation, found))

    @override
    async def AcceptInvitation(
        self, request: said.AcceptInvitationRequest, context: Context
    ) -> said.AcceptInvitationResponse:
        """Makes the caller a member."""
        async with self._database.begin() as session:
            organization, role = await invitations.accept(session, current().subject, request.id)
        self._known.forget()
        return said.AcceptInvitationResponse(organization=_organization(organization, role))

    @override
    async def DeclineInvitation(
        self, request: said.DeclineInvitationRequest, context: Context
    ) -> said.DeclineInvitationResponse:
        """Declines an invitation."""
        async with self._database.begin() as session:
            await invitations.decline(session, current().subject, request.id)
        return said.DeclineInvitationResponse()

    def _recording(self, action: Action, subject: str) -> AbstractAsyncContextManager[AsyncSession]:
        organization = current().organization
        return self._refusals.recorded(action, _RECORDED, organization=organization, subject=subject)


async def _own(session: AsyncSession) -> said.Organization:
    caller = current()
    return _organization(*await organizations.of_member(session, caller.organization, caller.subject))


def _organization(organization: tables.Organization, role: Role) -> said.Organization:
    caller = current()
    held = caller.permissions if caller.organization == organization.id else roles.PERMISSIONS[role]
    return said.Organization(
        id=organization.slug,
        name=organization.name,
        role=role,
        permissions=held,
        created=timestamp(organization.created),
    )


def _member(row: Any) -> said.Member:
    return said.Member(
        id=row.id,
        email=row.email,
        role=row.role,
        self=row.id == current().subject,
        joined=timestamp(row.created),
        last_login=timestamp(row.last_login),
    )


def _invitation(invited: Invited) -> said.Invitation:
    invitation, organization = invited
    return said.Invitation(
        id=invitation.id,
        organization_id=organization.slug,
        organization_name=organization.name,
        email=invitation.email,
        role=invitation.role,
        invited_by=invitation.invited_by,
        created=timestamp(invitation.created),
        expires=timestamp(invitation.expires),
    )
