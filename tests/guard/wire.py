"""Calls through the running edge, by gRPC and by REST, and how they ended."""

import json
from collections.abc import Mapping
from http.client import HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from mesh.contracts import rpcs
from tests.connection import connect
from tests.guard.calls import Rest
from tests.guard.expected import Outcome

#: Seconds that a call may take.
PATIENCE = 60.0

#: google.rpc's mapping, for the codes that the calls of the table end with.
HTTP_STATUS = {
    "OK": 200,
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "UNAVAILABLE": 503,
}

_CODES = {str(code.value[0]): code.name for code in grpc.StatusCode}


class Edge:
    """The edge of a running mesh; over TLS the file, or the system if it is empty, says whom to trust."""

    def __init__(self, url: str, ca_file: str) -> None:
        self._url, self._ca_file = url, ca_file
        address = urlsplit(url)
        if address.scheme == "https":
            roots = grpc.ssl_channel_credentials(Path(ca_file).read_bytes() if ca_file else None)
            self._channel = grpc.secure_channel(address.netloc, roots)
        else:
            self._channel = grpc.insecure_channel(address.netloc)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._channel.close()

    def rpc(self, rpc: str, path: str, request: bytes, headers: Mapping[str, str]) -> Outcome:
        """Calls the RPC at a path; of a stream only the beginning is waited for, and nothing is sent into one."""
        method = rpcs()[rpc]
        metadata = list(headers.items())
        sent: Any = iter(()) if method.client_streaming else request
        kind = f"{_arity(method.client_streaming)}_{_arity(method.server_streaming)}"
        make = getattr(self._channel, kind)(path)
        try:
            if method.server_streaming:
                answers = make(sent, metadata=metadata, timeout=PATIENCE)
                next(answers, None)
                answers.cancel()
            else:
                make(sent, metadata=metadata, timeout=PATIENCE)
        except grpc.RpcError as error:
            return Outcome(error.code().name, _reason_of(error))
        return Outcome("OK")

    def rest(self, request: Rest, headers: Mapping[str, str]) -> tuple[int | str, str]:
        """Makes a REST request; answers its status, or the code if the answer is one of gRPC, and an error's reason."""
        connection = connect(self._url, self._ca_file, PATIENCE)
        content = {"content-type": "application/json"} if request.body is not None else {}
        try:
            connection.request(request.verb, request.path, request.body, {**content, **headers})
            response = connection.getresponse()
            if response.getheader("content-type") == "application/grpc":
                return _CODES[response.getheader("grpc-status", "")], ""
            return response.status, _reason_in(response) if response.status >= 400 else ""
        finally:
            connection.close()


def _arity(streaming: bool) -> str:
    return "stream" if streaming else "unary"


def _reason_of(error: grpc.RpcError) -> str:
    status = rpc_status.from_call(error)
    info = ErrorInfo()
    return next((info.reason for detail in (status.details if status else ()) if detail.Unpack(info)), "")


def _reason_in(response: HTTPResponse) -> str:
    """The reason in the JSON that every error is, but to a HEAD; raises ValueError for anything else."""
    body = response.read()
    if not body:
        return ""
    error = json.loads(body)
    if error.keys() != {"code", "message", "details"} or not error["message"]:
        raise ValueError(f"{response.status} {body!r} is no error of ours")
    infos = (detail for detail in error["details"] if detail["@type"].endswith("/google.rpc.ErrorInfo"))
    return next((info["reason"] for info in infos), "")
