"""What stands around an edge in its tests: services that answer any RPC, and an authority that decides."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from deploy.local.command import free_ports
from mesh.contracts import rpcs, services
from scope.edge.v1 import authorization_pb2 as auth
from scope.edge.v1.authorization_pb2 import HeaderValue, HeaderValueOption
from scope.edge.v1.authorization_pb2_grpc import AuthorizationServicer, add_AuthorizationServicer_to_server

_CODES = {400: 3, 401: 16, 403: 7, 429: 8, 503: 14}

Answer = Callable[[Message, grpc.ServicerContext], Any]


def free_port() -> int:
    """A port that nobody listens on."""
    [port] = free_ports(1)
    return port


@dataclass
class Call:
    """A call that reached a service."""

    rpc: str
    metadata: dict[str, str]
    request: Message


@dataclass
class Service(grpc.GenericRpcHandler):
    """Answers every RPC of the contracts with an empty message, or with what a test said; remembers the calls."""

    calls: list[Call] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        rpc = handler_call_details.method
        method = rpcs().get(rpc)
        return _handler(method, self._answer(rpc, method)) if method else None

    def _answer(self, rpc: str, method: MethodDescriptor) -> Callable[[Any, grpc.ServicerContext], Any]:
        def unary(request: Message, context: grpc.ServicerContext) -> Any:
            metadata = {key: str(value) for key, value in context.invocation_metadata()}
            self.calls.append(Call(rpc, metadata, request))
            answer = self.answers.get(rpc)
            return answer(request, context) if answer else GetMessageClass(method.output_type)()

        def many(request: Any, context: grpc.ServicerContext) -> Iterator[Message]:
            requests = request if method.client_streaming else iter((request,))
            for one in requests:
                found = unary(one, context)
                yield from (found,) if isinstance(found, Message) else found

        return many if method.server_streaming else unary


def _handler(method: MethodDescriptor, answer: Callable[..., Any]) -> grpc.RpcMethodHandler[Any, Any]:
    kind = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[method.client_streaming, method.server_streaming]
    return kind(answer, GetMessageClass(method.input_type).FromString, lambda message: message.SerializeToString())


class Authority(AuthorizationServicer):
    """Admits everybody but `Bearer STATUS`, which is refused with that status.

    The identity it gives is the RPC it was asked about, the tenant is the organization asked for; `Bearer nobody` gets
    neither.
    """

    def __init__(self) -> None:
        self.requests: list[auth.CheckRequest] = []

    def Check(self, request: auth.CheckRequest, context: grpc.ServicerContext) -> auth.CheckResponse:  # noqa: N802
        self.requests.append(request)
        credential = request.attributes.request.http.headers.get("authorization", "")
        refused = credential.removeprefix("Bearer ")
        return _refuse(int(refused), request) if refused.isdecimal() else _admit(request)


def _refuse(status: int, request: auth.CheckRequest) -> auth.CheckResponse:
    headers = {"x-scope-reason": "SOME_REASON", "x-scope-permission": "some.permission"}
    if status == 429:
        headers["retry-after"] = "7"
    if request.attributes.request.http.headers.get("content-type") == "application/grpc":
        details = Status(code=_CODES[status], message="with details").SerializeToString()
        headers = {"grpc-status": str(_CODES[status]), "grpc-status-details-bin": b64encode(details).decode()}
    denied = auth.DeniedHttpResponse(
        status={"code": status}, body=f'refused with "{status}"', headers=_headers(headers)
    )
    return auth.CheckResponse(status={"code": 16}, denied_response=denied)


def _admit(request: auth.CheckRequest) -> auth.CheckResponse:
    rpc, asked = request.attributes.context_extensions["rpc"], request.attributes.request.http.headers
    given = {"x-scope-identity": rpc, "x-scope-tenant": asked.get("x-scope-org", "acme")}
    headers = {} if asked.get("authorization") == "Bearer nobody" else given
    admitted = auth.OkHttpResponse(headers=_headers(headers), query_parameters_to_remove=["org"])
    return auth.CheckResponse(ok_response=admitted)


def _headers(values: Mapping[str, str]) -> list[HeaderValueOption]:
    return [HeaderValueOption(header=HeaderValue(key=key, value=value)) for key, value in values.items()]


@dataclass
class Replica:
    """A service process of one area on one port; `users` is the authority as well."""

    area: str
    port: int = field(default_factory=free_port)
    service: Service = field(default_factory=Service)
    authority: Authority = field(default_factory=Authority)
    server: grpc.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", 9 * 1024 * 1024),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
        ]
        server = grpc.server(ThreadPoolExecutor(16), handlers=[self.service], options=options)
        health = HealthServicer()
        for service in services():
            health.set(service.full_name, HealthCheckResponse.SERVING)
        add_HealthServicer_to_server(health, server)
        if self.area == "users":
            add_AuthorizationServicer_to_server(self.authority, server)
        assert server.add_insecure_port(self.address)
        server.start()
        self.server = server

    def stop(self) -> None:
        if self.server:
            self.server.stop(0).wait()
            self.server = None
