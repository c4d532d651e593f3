"""What is recorded, each as `source:subject:action`."""

# ruff: noqa: S105 - these are names, not secrets

from enum import StrEnum


class Action(StrEnum):
    """What somebody did, or was refused."""

    USER_SIGN_IN = "user:session:begin"
    USER_SIGN_OUT = "user:session:end"
    TOKEN_CREATE = "organization:token:create"
    TOKEN_ROTATE = "organization:token:rotate"
    TOKEN_REVOKE = "organization:token:revoke"
    ORGANIZATION_CREATE = "organization:organization:create"
