"""What the service says when it refuses something."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status

from scope_sdk.state import parse_epoch

REFUSED = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
"""Who is refused for these is so again if it tries soon."""

_DOMAIN = "scope"


class PublishError(Exception):
    """A report was not stored, or a stream of reports, of calls or of a pipe ended.

    `code` is gRPC's, `reason` one of the service's own (`EPOCH_SUPERSEDED`, see scope.errors.v1.Reason) or empty where
    it gave none, `metadata` what came with the reason, `retry_after` how many seconds it wants to be left alone for; 0
    where it said nothing about that.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        reason: str = "",
        metadata: Mapping[str, str] = MappingProxyType({}),
        *,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(f"{reason or code.name}: {message}")
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = metadata
        self.retry_after = retry_after

    @property
    def epoch(self) -> int:
        """The epoch that came with EPOCH_SUPERSEDED; 0 where none did."""
        return parse_epoch(self.metadata.get("epoch", ""))


def read(error: grpc.aio.AioRpcError) -> PublishError:
    """The same error, with the details that the service put into its trailers."""
    message = error.details() or "no details"
    try:
        status = rpc_status.from_call(cast("grpc.Call", error))  # it has what is asked of a call
    except (ValueError, DecodeError):  # something in between made or changed the trailers
        status = None
    info, wait = ErrorInfo(), RetryInfo()
    for detail in status.details if status else ():
        _ = detail.Unpack(info) or detail.Unpack(wait)
    if info.domain != _DOMAIN:
        return PublishError(error.code(), message)
    seconds = max(wait.retry_delay.ToTimedelta().total_seconds(), 0.0)
    return PublishError(error.code(), message, info.reason, dict(info.metadata), retry_after=seconds)
