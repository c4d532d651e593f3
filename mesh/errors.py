"""Errors as callers see them: google.rpc.Status with an ErrorInfo, and a BadRequest for bad input."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2

from scope.errors.v1.errors_pb2 import Reason

#: The domain of every ErrorInfo of ours.
DOMAIN = "scope"

_NOTHING: Mapping[str, str] = MappingProxyType({})


class ServiceError(Exception):
    """A refusal or failure that the caller is told about.

    Args:
        code: the gRPC status code.
        reason: why, for programs.
        message: why, and what to do about it, for people.
        metadata: facts that go with the reason (scope.errors.v1 says which).
        fields: what is wrong with which field of the request, by the field's path.
        retry_after: how long to wait before the same may be asked again, in seconds; 0: nothing is said about that.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: Reason.ValueType,
        message: str,
        metadata: Mapping[str, str] = _NOTHING,
        fields: Mapping[str, str] = _NOTHING,
        *,
        retry_after: float = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = metadata
        self.fields = fields
        self.retry_after = retry_after

    @property
    def reason_name(self) -> str:
        """The reason as it is sent: `NOT_FOUND`."""
        return Reason.Name(self.reason).removeprefix("REASON_")

    def status(self) -> status_pb2.Status:
        """The error as it is sent."""
        status = status_pb2.Status(code=code_pb2.Code.Value(self.code.name), message=self.message)
        info = error_details_pb2.ErrorInfo(reason=self.reason_name, domain=DOMAIN, metadata=self.metadata)
        status.details.add().Pack(info)
        if self.fields:
            bad = error_details_pb2.BadRequest()
            for field, description in self.fields.items():
                bad.field_violations.add(field=field, description=description)
            status.details.add().Pack(bad)
        if self.retry_after:
            wait = error_details_pb2.RetryInfo()
            wait.retry_delay.FromMilliseconds(math.ceil(self.retry_after * 1000))
            status.details.add().Pack(wait)
        return status


def received(status: status_pb2.Status) -> ServiceError:
    """The error that another replica sent: what callers read of it."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        detail.Unpack(info)
    codes = {code.value[0]: code for code in grpc.StatusCode}
    reason = Reason.Value(f"REASON_{info.reason}") if info.reason else Reason.REASON_INTERNAL
    return ServiceError(codes[status.code], reason, status.message, dict(info.metadata))


def invalid_fields(fields: Mapping[str, str]) -> ServiceError:
    """Bad input: what is wrong, by field path."""
    message = "; ".join(f"{field}: {description}" for field, description in fields.items())
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, Reason.REASON_INVALID_FIELD, message, fields=fields)


def invalid_field(field: str, description: str) -> ServiceError:
    """Bad input in one field."""
    return invalid_fields({field: description})


def not_found(resource: str, name: str, why: str = "") -> ServiceError:
    """There is no such thing, or it is not the caller's to see, or why it is no longer there."""
    message = f"there is no {resource} {name!r}" + (why and f": {why}")
    return ServiceError(grpc.StatusCode.NOT_FOUND, Reason.REASON_NOT_FOUND, message, {"resource": resource})


def permission_denied(message: str, permission: str = "") -> ServiceError:
    """The caller may not do this, for want of the permission where one is named."""
    metadata = {"permission": permission} if permission else {}
    return ServiceError(grpc.StatusCode.PERMISSION_DENIED, Reason.REASON_PERMISSION_DENIED, message, metadata)


def limit_exceeded(message: str) -> ServiceError:
    """There are as many, or it is as large, as may be."""
    return ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_LIMIT_EXCEEDED, message)


def rate_exceeded(message: str, wait: float) -> ServiceError:
    """It is asked too often; in so many seconds it may be asked again."""
    return ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_RATE_EXCEEDED, message, retry_after=wait)


def unauthenticated() -> ServiceError:
    """No credential that is worth anything; says nothing about which part of it was wrong."""
    message = "sign in, or send a valid token as 'Authorization: Bearer TOKEN'"
    return ServiceError(grpc.StatusCode.UNAUTHENTICATED, Reason.REASON_CREDENTIAL_INVALID, message)


def unavailable(reason: Reason.ValueType, message: str) -> ServiceError:
    """Something this depends on is away; trying again later may work."""
    return ServiceError(grpc.StatusCode.UNAVAILABLE, reason, message)
