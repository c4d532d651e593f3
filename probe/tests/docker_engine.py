"""Somebody else's program: a server on a unix socket that answers as the Docker Engine API (v1.47) is documented."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

SILENT = -1
"""The status of what never answers."""

WEB = "a1" * 32
IMAGE = "sha256:" + "e5" * 32
NETWORK = "f7" * 32

BRIDGE: dict[str, Any] = {
    "Name": "bridge",
    "Id": NETWORK,
    "Created": "2026-01-01T00:00:00.000000001Z",
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv6": True,
    "IPAM": {
        "Driver": "default",
        "Options": None,
        "Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}, {"Subnet": "fd17::/64"}],
    },
    "Internal": False,
    "Attachable": False,
    "Ingress": False,
    "Containers": {},
    "Options": {"com.docker.network.bridge.name": "docker0"},
    "Labels": {},
}
LAN: dict[str, Any] = {
    **BRIDGE,
    "Name": "lan",
    "Id": "f8" * 32,
    "Driver": "macvlan",
    "IPAM": {"Driver": "default", "Config": [{"Subnet": "192.168.7.0/24"}]},
}
NONE: dict[str, Any] = {**BRIDGE, "Name": "none", "Driver": "null", "IPAM": {"Driver": "default", "Config": None}}

INSPECTED: dict[str, Any] = {
    "Id": WEB,
    "Created": "2026-01-02T03:04:05.123456789Z",
    "Path": "/bin/web",
    "Args": ["--port", "80"],
    "State": {
        "Status": "running",
        "Running": True,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": 4711,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": "2026-01-02T03:04:06.987654321Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
    },
    "Image": IMAGE,
    "Name": "/web",
    "RestartCount": 2,
    "Driver": "overlay2",
    "HostConfig": {"NetworkMode": "bridge", "Memory": 1048576, "RestartPolicy": {"Name": "always"}},
    "Mounts": [],
    "Config": {
        "Hostname": "web-1",
        "Env": ["PATH=/bin", "PASSWORD=a=b", "EMPTY="],
        "Cmd": ["--port", "80"],
        "Image": "registry.example.com:5000/shop/web:1.2",
        "Entrypoint": ["/bin/web"],
        "Labels": {"tier": "front", "io.kubernetes.pod.uid": "pod-1", "io.kubernetes.pod.name": "web-0"},
    },
    "NetworkSettings": {
        "Ports": {
            "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
            "443/tcp": None,
            "53/udp": [{"HostIp": "192.0.2.7", "HostPort": "5353"}],
        },
        "Networks": {
            "lan": {"NetworkID": LAN["Id"], "IPAddress": "192.168.7.9", "GlobalIPv6Address": ""},
            "bridge": {"NetworkID": NETWORK, "IPAddress": "172.17.0.2", "GlobalIPv6Address": "fd17::2"},
        },
    },
}
INSPECTED_IMAGE: dict[str, Any] = {
    "Id": IMAGE,
    "RepoTags": ["registry.example.com:5000/shop/web:1.2", "web:latest"],
    "RepoDigests": [],
    "Created": "2026-01-01T00:00:00Z",
    "Config": {"Env": ["PATH=/bin"], "Labels": {"org.opencontainers.image.version": "1.2"}},
    "Architecture": "amd64",
    "Os": "linux",
    "Size": 48_123_456,
}


def container(id_: str = WEB, **changes: Any) -> dict[str, Any]:
    """The inspection of a container: `name`, `status`, or whole parts of the answer by their names."""
    answer = copy.deepcopy(INSPECTED) | {"Id": id_}
    answer["Name"] = "/" + changes.pop("name", "web")
    answer["State"]["Status"] = changes.pop("status", "running")
    return answer | changes


class DockerEngine:
    """What it has, and who listens to it. `broken`: paths that answer with this status; `asked`: every path so far."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, Any]] = {WEB: container()}
        self.images: dict[str, dict[str, Any]] = {IMAGE: INSPECTED_IMAGE}
        self.networks: list[dict[str, Any]] = [BRIDGE, LAN, NONE]
        self.broken: dict[str, int] = {}
        self.asked: list[str] = []
        self.told = 0
        self._listeners: list[asyncio.Queue[dict[str, Any] | None]] = []

    def tell(self, action: str, container: str = WEB, kind: str = "container") -> None:
        """An event, to everybody who listens."""
        self.told += 1
        event = {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": container, "Attributes": {"image": "web", "name": "web"}},
            "scope": "local",
            "time": 1767323046,
            "timeNano": 1767323046987654321,
        }
        for listener in self._listeners:
            listener.put_nowait(event)

    def change(self, action: str, answer: dict[str, Any]) -> None:
        """A container becomes this, and everybody who listens is told."""
        self.containers[answer["Id"]] = answer
        self.tell(action, answer["Id"])

    @property
    def listened_to(self) -> bool:
        """Whether somebody listens to events."""
        return bool(self._listeners)

    @asynccontextmanager
    async def serving(self, socket: Path) -> AsyncIterator[None]:
        """Answers at this socket."""
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/containers/json", self._list)
        app.router.add_get("/containers/{id}/json", self._inspect)
        app.router.add_get("/images/{id}/json", self._inspect_image)
        app.router.add_get("/networks", self._networks)
        app.router.add_get("/events", self._events)
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(socket)).start()
        try:
            yield
        finally:
            for listener in self._listeners:
                listener.put_nowait(None)
            await runner.cleanup()

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path)
        status = self.broken.get(request.path)
        if status == SILENT:
            await asyncio.Event().wait()
        if status == 200:
            return web.Response(text="<html>not an engine</html>")
        if status:
            return web.json_response({"message": "something is wrong"}, status=status)
        response: web.StreamResponse = await handler(request)
        return response

    async def _list(self, request: web.Request) -> web.Response:
        assert request.query["all"] == "1"
        return web.json_response([_row(answer) for answer in self.containers.values()])

    async def _inspect(self, request: web.Request) -> web.Response:
        return _found(self.containers.get(request.match_info["id"]))

    async def _inspect_image(self, request: web.Request) -> web.Response:
        return _found(self.images.get("sha256:" + request.match_info["id"]))

    async def _networks(self, _: web.Request) -> web.Response:
        return web.json_response(self.networks)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        listener: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._listeners.append(listener)
        try:
            while (event := await listener.get()) is not None:
                await response.write(json.dumps(event).encode() + b"\n")
        finally:
            self._listeners.remove(listener)
        return response


def _row(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "Id": answer["Id"],
        "Names": [answer["Name"]],
        "Image": answer["Config"]["Image"],
        "ImageID": answer["Image"],
        "Command": "/bin/web --port 80",
        "Created": 1767323045,
        "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
        "Labels": answer["Config"]["Labels"],
        "State": answer["State"]["Status"],
        "Status": "Up 3 minutes",
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {"Networks": answer["NetworkSettings"]["Networks"]},
        "Mounts": [],
    }


def _found(answer: dict[str, Any] | None) -> web.Response:
    if answer is None:
        return web.json_response({"message": "No such object"}, status=404)
    return web.json_response(answer)
