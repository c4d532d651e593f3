"""What is recorded, each as `source:subject:action`."""

# ruff: noqa: S105 - these are names, not secrets

from enum import StrEnum


class Action(StrEnum):
    """What somebody did, or was refused."""

    USER_SIGN_UP = "user:user:create"
    USER_APPROVE = "admin:user:approve"
    USER_SET_ADMINISTRATOR = "admin:user:set_administrator"
    USER_DISABLE = "admin:user:disable"
    USER_ENABLE = "admin:user:enable"
    USER_SIGN_IN = "user:session:begin"
    USER_SIGN_OUT = "user:session:end"
    IMPERSONATION_BEGIN = "admin:impersonation:begin"
    IMPERSONATION_END = "admin:impersonation:end"
    TOKEN_CREATE = "organization:token:create"
    TOKEN_ROTATE = "organization:token:rotate"
    TOKEN_REVOKE = "organization:token:revoke"
    ORGANIZATION_CREATE = "organization:organization:create"
    ORGANIZATION_UPDATE = "organization:organization:update"
    ORGANIZATION_DELETE = "organization:organization:delete"
    ORGANIZATION_PURGE = "organization:organization:purge"
    MEMBER_UPDATE = "organization:member:update"
    MEMBER_REMOVE = "organization:member:remove"
    MEMBER_LEAVE = "organization:member:leave"
    INVITATION_CREATE = "organization:invitation:create"
    INVITATION_UPDATE = "organization:invitation:update"
    INVITATION_REVOKE = "organization:invitation:revoke"
    INVITATION_ACCEPT = "organization:invitation:accept"
    INVITATION_DECLINE = "organization:invitation:decline"
    ORGANIZATION_SET_LIMITS = "admin:organization:set_limits"
    ORGANIZATION_SET_REFUSAL = "admin:organization:set_refusal"
