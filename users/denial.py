"""A denial as Envoy sends it on: to a browser or curl as HTTP, to a gRPC client as a gRPC status.

The body is plain text, which the edge's local replies put into the JSON that every error has. The reason, and the facts
that go with it, are beside it in headers.
"""

import base64
import math
import re
from http import HTTPStatus

import grpc
from google.rpc.status_pb2 import Status

from mesh.errors import ServiceError
from mesh.headers import GRPC, REASON, fact
from scope.edge.v1.authorization_pb2 import AttributeContext, CheckResponse, HeaderValue, HeaderValueOption

_HTTP = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
}


def denied(error: ServiceError, http: AttributeContext.HttpRequest) -> CheckResponse:
    """The denial that tells the sender of the request about the error."""
    status = error.status()
    answer = CheckResponse(status=Status(code=status.code, message=error.reason_name))
    answer.denied_response.status.code = _HTTP.get(error.code, HTTPStatus.SERVICE_UNAVAILABLE)
    answer.denied_response.body = error.message
    headers = {REASON: error.reason_name} | {fact(name): value for name, value in error.metadata.items()}
    if re.fullmatch(GRPC, http.headers.get("content-type", "")):
        details = base64.b64encode(status.SerializeToString()).rstrip(b"=").decode()
        headers = {"grpc-status": str(status.code), "grpc-status-details-bin": details}
    elif error.code == grpc.StatusCode.UNAUTHENTICATED:
        headers["www-authenticate"] = 'Bearer realm="scope"'
    elif error.retry_after:
        headers["retry-after"] = str(math.ceil(error.retry_after))
    for key, value in headers.items():
        answer.denied_response.headers.append(HeaderValueOption(header=HeaderValue(key=key, value=value)))
    return answer
