"""A container runtime as if it were somebody else's: it answers what the probe asks over the CRI."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import grpc.aio

from scope_probe.containers import cri_answers
from scope_probe.containers import cri_pb2 as pb
from scope_probe.containers.cri_pb2_grpc import (
    ImageServiceServicer,
    RuntimeServiceServicer,
    add_ImageServiceServicer_to_server,
    add_RuntimeServiceServicer_to_server,
)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

WEB, WORKER, POD, NODE_POD = "a1" * 32, "b2" * 32, "c3" * 32, "d4" * 32
OTHER = "99" * 32
IMAGE = "e5" * 32
DIGEST = "registry.test:5000/shop/web@sha256:" + "f6" * 32
CREATED = 1_700_000_000 * 10**9
INFO = {
    "sandboxID": POD,
    "pid": 4711,
    "runtimeSpec": {
        "hostname": "web-0",
        "process": {"args": ["/bin/web", "--port=80"], "env": ["PATH=/bin", "EMPTY="]},
        "mounts": [{"destination": "/proc"}],
    },
}
PORTS = [
    {"name": "http", "hostPort": 8080, "containerPort": 80, "protocol": "TCP"},
    {"containerPort": 9090, "protocol": "TCP"},
    {"hostPort": 53, "containerPort": 5353, "protocol": "UDP", "hostIP": "192.0.2.1"},
]


class Runtime(RuntimeServiceServicer, ImageServiceServicer):
    """Somebody else's container runtime: what it has can be changed, and listeners are told when `tell` is called."""

    def __init__(self) -> None:
        self.name, self.version = "containerd", "2.1.0"
        self.listeners: list[asyncio.Queue[str]] = []
        self.asked: list[str] = []
        self.tells = True
        self.awake = asyncio.Event()
        self.awake.set()
        self.broken: set[str] = set()
        self.sandboxes = {
            POD: pb.PodSandbox(id=POD, metadata=pb.PodSandboxMetadata(name="web-0", uid="pod-uid", namespace="shop")),
            NODE_POD: pb.PodSandbox(id=NODE_POD, metadata=pb.PodSandboxMetadata(name="agent", uid="agent-uid")),
        }
        self.containers = {
            WEB: listed(WEB, annotations={cri_answers.PORTS: json.dumps(PORTS), cri_answers.RESTARTS: "3"})
        }
        self.info = json.dumps(INFO)

    async def Version(  # noqa: N802 - the interface's name
        self, request: pb.VersionRequest, context: Context
    ) -> pb.VersionResponse:
        return pb.VersionResponse(runtime_name=self.name, runtime_version=self.version)

    async def ListContainers(  # noqa: N802 - the interface's name
        self, request: pb.ListContainersRequest, context: Context
    ) -> pb.ListContainersResponse:
        self.asked.append("containers")
        await self.awake.wait()
        return pb.ListContainersResponse(containers=self.containers.values())

    async def ListPodSandbox(  # noqa: N802 - the interface's name
        self, request: pb.ListPodSandboxRequest, context: Context
    ) -> pb.ListPodSandboxResponse:
        return pb.ListPodSandboxResponse(items=self.sandboxes.values())

    async def ListImages(  # noqa: N802 - the interface's name
        self, request: pb.ListImagesRequest, context: Context
    ) -> pb.ListImagesResponse:
        unused = pb.Image(id=f"sha256:{'00' * 32}", repo_tags=["unused:1"], size=1)
        used = pb.Image(
            id=f"sha256:{IMAGE}", repo_tags=["registry.test:5000/shop/web:1.2"], repo_digests=[DIGEST], size=4096
        )
        return pb.ListImagesResponse(images=[unused, used])

    async def ImageStatus(  # noqa: N802 - the interface's name
        self, request: pb.ImageStatusRequest, context: Context
    ) -> pb.ImageStatusResponse:
        assert request.image.image == f"sha256:{IMAGE}"
        self.asked.append("image")
        info = {"imageSpec": {"config": {"Cmd": ["/bin/web"], "Labels": {"maintainer": "shop"}}}}
        return pb.ImageStatusResponse(info={"info": json.dumps(info)} if request.verbose else {})

    async def PodSandboxStatus(  # noqa: N802 - the interface's name
        self, request: pb.PodSandboxStatusRequest, context: Context
    ) -> pb.PodSandboxStatusResponse:
        self.asked.append(f"sandbox {request.pod_sandbox_id[:2]}")
        of_node = request.pod_sandbox_id == NODE_POD
        options = pb.NamespaceOption(network=pb.NODE if of_node else pb.POD)
        network = pb.PodSandboxNetworkStatus(ip="10.244.0.7", additional_ips=[pb.PodIP(ip="fd00::7")])
        linux = pb.LinuxPodSandboxStatus(namespaces=pb.Namespace(options=options))
        return pb.PodSandboxStatusResponse(status=pb.PodSandboxStatus(network=network, linux=linux))

    async def ContainerStatus(  # noqa: N802 - the interface's name
        self, request: pb.ContainerStatusRequest, context: Context
    ) -> pb.ContainerStatusResponse:
        self.asked.append(f"container {request.container_id[:2]}")
        if request.container_id in self.broken:
            await context.abort(grpc.StatusCode.INTERNAL, "no such bundle")
        status = pb.ContainerStatus(
            started_at=CREATED + 10**9,
            image=pb.ImageSpec(image="registry.test:5000/shop/web:1.2"),
            resources=pb.ContainerResources(linux=pb.LinuxContainerResources(memory_limit_in_bytes=1 << 20)),
        )
        return pb.ContainerStatusResponse(status=status, info={"info": self.info} if request.verbose else {})

    async def GetContainerEvents(  # noqa: N802 - the interface's name
        self, request: pb.GetEventsRequest, context: Context
    ) -> AsyncIterator[pb.ContainerEventResponse]:
        self.asked.append("events")
        if not self.tells:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "unknown method")
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners.append(queue)
        while True:
            yield pb.ContainerEventResponse(container_id=await queue.get())

    def tell(self, container: str) -> None:
        for queue in self.listeners:
            queue.put_nowait(container)


def listed(
    id_: str, pod: str = POD, state: pb.ContainerState.ValueType = pb.CONTAINER_RUNNING, **more: object
) -> pb.Container:
    return pb.Container(
        id=id_,
        pod_sandbox_id=pod,
        metadata=pb.ContainerMetadata(name="web"),
        image=pb.ImageSpec(image=f"sha256:{IMAGE}"),
        image_ref=DIGEST,
        state=state,
        created_at=CREATED,
        labels={"io.kubernetes.pod.name": "web-0"},
        **more,
    )


@asynccontextmanager
async def served(runtime: Runtime, socket: Path) -> AsyncIterator[None]:
    server = grpc.aio.server()
    add_RuntimeServiceServicer_to_server(runtime, server)
    add_ImageServiceServicer_to_server(runtime, server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)
