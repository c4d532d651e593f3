"""How the parts of a mesh say that they work."""

import http.client
import ssl
from urllib.parse import urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_SECONDS = 2.0


def page(url: str) -> int:
    """The status of a health page, the edge's or ui-server's: 200 where all is well; 0 where nobody answers."""
    parts = urlsplit(url)
    connection = _over_tls(parts.netloc) if parts.scheme == "https" else _in_clear(parts.netloc)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def service(address: str) -> str:
    """What a process of ours says of itself: `serving`, `not serving`, or `no answer`."""
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_SECONDS)  # type: ignore[attr-defined]
        except grpc.RpcError:
            return "no answer"
    return "serving" if answer.status == health_pb2.HealthCheckResponse.SERVING else "not serving"


def _in_clear(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address, timeout=_SECONDS)


def _over_tls(address: str) -> http.client.HTTPConnection:
    # The question is whether it answers: nothing is told to whoever it is, and its address may not be in a certificate.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(address, timeout=_SECONDS, context=context)
