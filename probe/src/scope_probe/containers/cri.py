"""The engine behind the Container Runtime Interface: containerd and cri-o, as Kubernetes uses them."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import grpc.aio

from scope_probe.containers import cri_answers as answers
from scope_probe.containers import cri_pb2 as pb
from scope_probe.containers.cri_answers import Images, Sandbox
from scope_probe.containers.cri_pb2_grpc import ImageServiceStub, RuntimeServiceStub
from scope_probe.containers.model import CONTAINERS, KEPT_SECONDS, RETRY_SECONDS, Container, Image

ANSWER_SECONDS = 10.0
LOOK_SECONDS = 10.0
"""Between two looks at everything, for what no event told of."""

POLL_SECONDS = 1.0
"""Between two looks where nothing tells of events: as often as the kubelet looks."""

_OPTIONS = (("grpc.max_receive_message_length", 32 * 1024 * 1024), ("grpc.enable_http_proxy", 0))
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_MAJOR = re.compile(r"v?([0-9]+)[.]")

#: A container in one state, its sandbox in one: as long as these stay, nothing that is reported of it changes.
Look = tuple[str, int, str, int]
Shared = tuple[str, int]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value", Sandbox, Container, Image)


class Cri:
    """One runtime, at one socket."""

    def __init__(self, socket: Path) -> None:
        self.name = f"cri at {socket}"
        self._socket = socket
        self._failure: str | None = None  # nothing is known yet
        self._left_out = 0
        self._containers: Mapping[Look, Container] = {}
        self._sandboxes: Mapping[Shared, Sandbox] = {}
        self._images = Images()
        self._used: Mapping[str, Image] = {}
        self._heard = time.monotonic()

    @property
    def problem(self) -> str:
        """Why nothing, or not everything, can be learned from it."""
        if self._left_out:
            return f"it has more than {CONTAINERS} containers; {self._left_out} are not reported"
        return self._failure or ""

    def containers(self) -> Sequence[Container]:
        """Every container, whatever its state, but for what holds a pod together; none when it is away for long."""
        return list(self._containers.values()) if self._heard + KEPT_SECONDS > time.monotonic() else ()

    def images(self) -> Sequence[Image]:
        """The images that its containers were made from."""
        return list(self._used.values())

    def sandboxes(self) -> Collection[str]:
        """The ids of what holds pods together."""
        return {id_ for id_, _ in self._sandboxes}

    def networks(self) -> Sequence[str]:
        """None: where the address of a pod can be reached from is the cluster's affair."""
        return ()

    async def run(self, changed: Callable[[], None]) -> None:
        """Follows it until cancelled; see Engine."""
        while True:
            try:
                async with grpc.aio.insecure_channel(f"unix:{self._socket}", options=_OPTIONS) as channel:
                    await self._follow(Runtime(channel), changed)
            except grpc.aio.AioRpcError as error:
                before, self._failure = self._failure, _failure(error)
                if self._failure != before:
                    changed()
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, runtime: "Runtime", changed: Callable[[], None]) -> None:
        version = await runtime.version()
        self.name = f"{version.runtime_name} at {self._socket}"
        news = asyncio.Event()
        events = asyncio.create_task(runtime.listen(news)) if may_listen(version) else None
        try:
            while True:
                news.clear()
                if await self._look(runtime):
                    changed()
                listening = events is not None and not events.done()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS if listening else POLL_SECONDS):
                        await news.wait()
        finally:
            if events is not None:
                events.cancel()

    async def _look(self, runtime: "Runtime") -> bool:
        """Asks for all there is, and for the details of what is in another state than before; whether anything is."""
        listed = await runtime.containers()
        sandboxes = {sandbox.id: sandbox for sandbox in await runtime.sandboxes()}
        looks = {_look_at(container, sandboxes): container for container in listed[:CONTAINERS]}
        if not looks.keys() <= self._containers.keys():
            self._images = await runtime.images()
        shared = await _kept(
            self._sandboxes,
            {(sandbox.id, int(sandbox.state)): partial(runtime.sandbox, sandbox) for sandbox in sandboxes.values()},
        )
        known = await _kept(
            self._containers,
            {
                look: partial(runtime.container, container, self._images, shared.get(look[2:], Sandbox()))
                for look, container in looks.items()
            },
        )
        images = {container.image_id: self._images.known.get(container.image_id) for container in known.values()}
        used = await _kept(
            self._used, {id_: partial(runtime.image, image or pb.Image(id=id_)) for id_, image in images.items() if id_}
        )
        changed = known.keys() != self._containers.keys() or self._failure != ""
        self._containers, self._sandboxes, self._used = known, shared, used
        self._failure, self._left_out, self._heard = "", len(listed) - len(looks), time.monotonic()
        return changed


class Runtime:
    """What is asked of a runtime. Each raises AioRpcError where it does not answer in time, or refuses."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._runtime, self._images = RuntimeServiceStub(channel), ImageServiceStub(channel)

    async def version(self) -> pb.VersionResponse:
        """What it calls itself."""
        return await self._runtime.Version(pb.VersionRequest(), timeout=ANSWER_SECONDS)

    async def containers(self) -> Sequence[pb.Container]:
        """All containers."""
        answer = await self._runtime.ListContainers(pb.ListContainersRequest(), timeout=ANSWER_SECONDS)
        return [container for container in answer.containers if answers.ID.fullmatch(container.id)]

    async def sandboxes(self) -> Sequence[pb.PodSandbox]:
        """What holds the containers of each pod together."""
        return (await self._runtime.ListPodSandbox(pb.ListPodSandboxRequest(), timeout=ANSWER_SECONDS)).items

    async def images(self) -> Images:
        """All images."""
        answer = await self._images.ListImages(pb.ListImagesRequest(), timeout=ANSWER_SECONDS)
        return Images.of(answer.images)

    async def sandbox(self, listed: pb.PodSandbox) -> Sandbox:
        """A sandbox; of one that it cannot speak of, or that went meanwhile, what the list said."""
        request = pb.PodSandboxStatusRequest(pod_sandbox_id=listed.id)
        try:
            status = (await self._runtime.PodSandboxStatus(request, timeout=ANSWER_SECONDS)).status
        except grpc.aio.AioRpcError as error:
            _raise_where_away(error)
            status = pb.PodSandboxStatus()
        return answers.sandbox(listed, status)

    async def container(self, listed: pb.Container, images: Images, shared: Sandbox) -> Container:
        """A container; likewise."""
        request = pb.ContainerStatusRequest(container_id=listed.id, verbose=True)
        try:
            answer = await self._runtime.ContainerStatus(request, timeout=ANSWER_SECONDS)
        except grpc.aio.AioRpcError as error:
            _raise_where_away(error)
            answer = pb.ContainerStatusResponse()
        return answers.container(listed, answer, images, shared)

    async def image(self, listed: pb.Image) -> Image:
        """An image; likewise."""
        request = pb.ImageStatusRequest(image=pb.ImageSpec(image=listed.id), verbose=True)
        try:
            answer = await self._images.ImageStatus(request, timeout=ANSWER_SECONDS)
        except grpc.aio.AioRpcError as error:
            _raise_where_away(error)
            answer = pb.ImageStatusResponse()
        return answers.image(listed, answer)

    async def listen(self, news: asyncio.Event) -> None:
        """Sets `news` whenever something happens, and when it is known that no more will be told."""
        with suppress(grpc.aio.AioRpcError):
            async for _ in self._runtime.GetContainerEvents(pb.GetEventsRequest()):
                news.set()
        news.set()


def may_listen(version: pb.VersionResponse) -> bool:
    """Whether events go to everybody: until version 2 containerd tells each to one listener, who may be the kubelet."""
    major = _MAJOR.match(version.runtime_version)
    return version.runtime_name != "containerd" or major is None or int(major[1]) >= 2


def _failure(error: grpc.aio.AioRpcError) -> str:
    """What is wrong; nothing where a runtime does not serve the interface, as containerd does not beside Docker."""
    return "" if error.code() == grpc.StatusCode.UNIMPLEMENTED else f"{error.details()} ({error.code().name})"


async def _kept(
    before: Mapping[_Key, _Value], wanted: Mapping[_Key, Callable[[], Awaitable[_Value]]]
) -> dict[_Key, _Value]:
    """What is wanted: what was known before, and for the rest what is answered now."""
    return {key: before[key] if key in before else await ask() for key, ask in wanted.items()}


def _look_at(container: pb.Container, sandboxes: Mapping[str, pb.PodSandbox]) -> Look:
    sandbox = sandboxes.get(container.pod_sandbox_id, pb.PodSandbox())
    return container.id, container.state, sandbox.id, sandbox.state


def _raise_where_away(error: grpc.aio.AioRpcError) -> None:
    if error.code() in _AWAY:
        raise error
