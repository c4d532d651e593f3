"""Each process serves health, reflection and refusals as every other does."""

from collections.abc import Iterator

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from mesh.contracts import rpcs, services
from mesh.errors import DOMAIN
from tests.e2e.client import Mesh

AREAS = ("users", "collection", "query", "control", "pipe")
#: Served by every process.
COMMON = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
#: What Envoy asks; no contract of an area's.
AUTHORIZATION = "envoy.service.auth.v3.Authorization"


def served(area: str) -> set[str]:
    ours = {service.full_name for service in services() if service.full_name.startswith(f"scope.{area}.")}
    return ours | {AUTHORIZATION} if area == "users" else ours


@pytest.fixture(params=AREAS)
def area(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def channels(mesh: Mesh, area: str) -> Iterator[list[grpc.Channel]]:
    """To each replica."""
    opened = [grpc.insecure_channel(process["grpc"]) for process in mesh.processes(area)]
    yield opened
    for channel in opened:
        channel.close()


def test_every_service_of_every_process_is_healthy_by_its_name(area: str, channels: list[grpc.Channel]) -> None:
    assert len(channels) == 2
    for channel in channels:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", *served(area)):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=60)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, name
        with pytest.raises(grpc.RpcError) as unknown:
            stub.Check(health_pb2.HealthCheckRequest(service="scope.nothing.v1.NoService"), timeout=60)
        assert unknown.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection_lists_exactly_what_is_served_and_describes_it(area: str, channels: list[grpc.Channel]) -> None:
    for channel in channels:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(database.get_services()) == served(area) | COMMON
        for name in served(area):
            file = database.FindFileContainingSymbol(name)
            assert name in {f"{file.package}.{service.name}" for service in file.service}


def test_every_rpc_refuses_whoever_comes_around_the_edge_and_says_why(area: str, channels: list[grpc.Channel]) -> None:
    guarded = [rpc for rpc in rpcs() if rpc.split("/")[1] in served(area) - {AUTHORIZATION}]
    assert guarded
    for channel in channels:
        for rpc in guarded:
            error = refused(channel, rpc)
            status = rpc_status.from_call(error)
            assert error.code() == grpc.StatusCode.UNAUTHENTICATED, rpc
            assert status is not None, rpc
            info = ErrorInfo()
            assert status.details[0].Unpack(info), rpc
            assert (info.domain, info.reason) == (DOMAIN, "CREDENTIAL_INVALID"), rpc
            assert status.message, rpc


def refused(channel: grpc.Channel, rpc: str) -> grpc.RpcError:
    """How a call without an identity ends; on the wire a unary call is a stream of one message."""
    with pytest.raises(grpc.RpcError) as error:
        list(channel.stream_stream(rpc)(iter([b""]), timeout=60))
    return error.value
