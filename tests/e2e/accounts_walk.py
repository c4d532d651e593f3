"""Every call about accounts once, by an administrator and a newcomer, each answered as documented."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.client import Answer, Api, wait_for

#: Calls an operation by its name, checks the answer, and answers it.
Call = Callable[..., Answer]
NEWCOMER = "documented@new.example"


@dataclass(frozen=True)
class Walk:
    """Whose calls these are.

    Args:
        call: makes them.
        administrator: the session of who administers the deployment.
        sign_in: makes another session of somebody.
    """

    call: Call
    administrator: Api
    sign_in: Callable[[str], Api]

    def administration(self) -> str:
        """People; answers the newcomer's id."""
        person = wait_for(self._newcomer, "the newcomer")
        for name, body in (
            ("Approve", {}),
            ("Disable", {"reason": "documented"}),
            ("Enable", {}),
            ("SetAdministrator", {"admin": True}),
            ("SetAdministrator", {"admin": False}),
            ("Impersonate", {"reason": "documented"}),
        ):
            self.call(self.administrator, f"AdministrationService_{name}", body, id=person)
        self.call(self.administrator, "SessionService_EndImpersonation", {})
        for name in ("ListAllOrganizations", "ListAllEvents"):
            self.call(self.administrator, f"AdministrationService_{name}")
        for name in ("ListTools", "ListRoutes", "ShowPage"):
            self.call(self.administrator, f"ToolService_{name}")
        return person

    def organization(self, person: str) -> None:
        """An organization, from its making to its end."""
        self.call(self.administrator, "OrganizationService_GenerateOrganizationId")
        made = self.call(self.administrator, "OrganizationService_CreateOrganization", {"name": "documented"}).json()
        name = made["organization"]["id"]
        here, newcomer = self.administrator.with_headers(x_scope_org=name), self.sign_in(NEWCOMER)
        for read in ("ListOrganizations", "GetOrganization", "ListRoles", "ListMembers"):
            self.call(here, f"OrganizationService_{read}")
        self.call(here, "OrganizationService_UpdateOrganization", {"name": "Documented"})
        self._members(here, newcomer, person)
        newcomer = newcomer.with_headers(x_scope_org=name)
        self.call(newcomer, "OrganizationService_Leave", {})
        self.call(here, "AuditService_ListEvents")
        self.call(here, "AuditService_ExportEvents")
        for limit in ("SetLimits", "SetRefusal"):
            self.call(self.administrator, f"AdministrationService_{limit}", {}, id=name)
        self.call(here, "OrganizationService_DeleteOrganization", confirm=name)

    def sessions(self, other: Api) -> None:
        """The administrator's sessions; `other` is one more."""
        listed = self.call(other, "SessionService_ListSessions").json()["sessions"]
        another = next(session["id"] for session in listed if not session["current"])
        self.call(other, "SessionService_EndSession", id=another)
        self.call(other, "SessionService_EndSessions", {"keepCurrent": True})

    def _newcomer(self) -> str | None:
        people: list[dict[str, Any]] = self.call(self.administrator, "AdministrationService_ListPeople").json()[
            "people"
        ]
        return next((person["id"] for person in people if person["email"] == NEWCOMER), None)

    def _members(self, here: Api, newcomer: Api, person: str) -> None:
        """The newcomer comes, gets another role, is removed, and comes again."""
        self.call(here, "OrganizationService_RevokeInvitation", id=self._invited(here))
        self.call(newcomer, "OrganizationService_DeclineInvitation", {}, id=self._invited(here))
        self.call(newcomer, "OrganizationService_AcceptInvitation", {}, id=self._invited(here))
        self.call(here, "OrganizationService_UpdateMember", {"role": "editor"}, id=person)
        self.call(here, "OrganizationService_RemoveMember", id=person)
        invited = self._invited(here)
        self.call(here, "OrganizationService_ListInvitations")
        self.call(newcomer, "OrganizationService_ListMyInvitations")
        self.call(newcomer, "OrganizationService_AcceptInvitation", {}, id=invited)

    def _invited(self, here: Api) -> str:
        answer = self.call(here, "OrganizationService_Invite", {"email": NEWCOMER, "role": "viewer"})
        invitation: str = answer.json()["invitation"]["id"]
        return invitation
