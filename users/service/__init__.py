"""The gRPC face of users: a class for each service of the contract."""

from users.service.administration import AdministrationService
from users.service.audit import AuditService
from users.service.authorization import Authorization
from users.service.identity import IdentityService
from users.service.organizations import OrganizationService
from users.service.sessions import SessionService
from users.service.tokens import TokenService
from users.service.tools import ToolService

__all__ = [
    "AdministrationService",
    "AuditService",
    "Authorization",
    "IdentityService",
    "OrganizationService",
    "SessionService",
    "TokenService",
    "ToolService",
]
