"""What can be done to containers, by the engine that has them: Docker, or Podman in its place."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from scope_probe.containers import docker_api
from scope_probe.containers.docker import Docker
from scope_probe.containers.docker_answers import RUBBISH
from scope_probe.containers.docker_api import FAILURES, Api
from scope_probe.containers.engines import Engines
from scope_probe.containers.model import EXITED, PAUSED, RUNNING
from scope_probe.controls.engine_streams import DETACH_KEYS, Attached, Executed, Followed
from scope_probe.controls.exec import SIZE, TERM, Wanted, relay, wanted
from scope_sdk.controls import Call, ControlError, Controls, Ended, Removed, Result, Stream, Terminal
from scope_sdk.pipes import Pipe
from scope_sdk.report.ids import container_id

STOP_SECONDS = 10
"""How long what runs in a container may take to end before it is killed."""

TAIL = 1_000
"""How many lines of a log are shown from before."""

_ATTACH, _EXEC, _LOGS, _START, _RESTART, _PAUSE, _UNPAUSE, _STOP, _REMOVE = (
    f"docker_{what}_container"
    for what in ("attach", "exec", "logs", "start", "restart", "pause", "unpause", "stop", "remove")
)
_STOPPED = (_START, _REMOVE, _LOGS)

BY_STATE: Mapping[str, Collection[str]] = {
    RUNNING: (_ATTACH, _EXEC, _LOGS, _RESTART, _STOP, _PAUSE),
    PAUSED: (_UNPAUSE, _LOGS),
    "restarting": (_LOGS, _STOP),
    "created": (_START, _REMOVE),
    EXITED: _STOPPED,
    "dead": (_REMOVE,),
}
"""What can be done to a container, by its state; nothing in any other."""

#: Found in the container: whatever its image says, or the nicest there is.
_SHELL = 'for shell in "$SHELL" bash; do command -v "$shell" >/dev/null 2>&1 && exec "$shell" -l; done; exec sh -l'
_NO_ENGINE = (
    "this probe knows no engine by which something could be done to this container: "
    "that needs Docker or Podman, and one of containerd or cri-o is only looked at"
)


@dataclass(frozen=True)
class ContainerControls:
    """What can be done to the containers of these engines."""

    engines: Engines

    def register(self, controls: Controls) -> None:
        """Takes calls."""
        for control, do in (
            (_ATTACH, self.attach),
            (_EXEC, self.exec),
            (_LOGS, self.logs),
            (_REMOVE, self.remove),
            (_START, self._simple("start")),
            (_STOP, self._simple("stop", t=str(STOP_SECONDS))),
            (_RESTART, self._simple("restart", t=str(STOP_SECONDS))),
            (_PAUSE, self._simple("pause")),
            (_UNPAUSE, self._simple("unpause")),
        ):
            controls.control(control)(do)

    def _simple(self, what: str, **parameters: str) -> Callable[..., Awaitable[Result]]:
        async def do(node_id: str, *, call: Call) -> Result:
            async with self._engine(node_id) as (api, _, id_):
                await api.do("POST", f"/containers/{id_}/{what}", parameters, seconds=call.timeout)
            return None

        return do

    async def remove(self, node_id: str, *, call: Call) -> Result:
        """Removes a container that does not run."""
        async with self._engine(node_id) as (api, _, id_):
            await api.do("DELETE", f"/containers/{id_}", seconds=call.timeout)
        return Removed(node_id)

    async def exec(
        self,
        node_id: str,
        *,
        command: str = "",
        tty: bool = True,
        width: int = SIZE.width,
        height: int = SIZE.height,
        term: str = TERM,
    ) -> Result:
        """A shell that the container has, or `command`."""
        asked = wanted(command=command, tty=tty, width=width, height=height, term=term)
        async with self._engine(node_id) as (api, engine, id_):
            created = await api.do("POST", f"/containers/{id_}/exec", body=_to_execute(asked))
            return asked.result(partial(self._executing, engine, id_, str(created["Id"]), asked))

    async def _executing(self, engine: Docker, id_: str, exec_: str, asked: Wanted, pipe: Pipe) -> Ended:
        async with (
            _speaking(engine) as api,
            Executed.started(api, engine.socket, id_, exec_, tty=asked.size is not None) as program,
        ):
            return await relay(pipe, program, asked.size)

    async def attach(self, node_id: str, *, call: Call) -> Result:
        """What the container's first process writes from now on, and what it reads, where it does."""
        async with self._engine(node_id) as (api, engine, id_):
            config = (await api.get(f"/containers/{id_}/json"))["Config"]
        tty = bool(config.get("Tty"))
        read_only = call.read_only or not config.get("OpenStdin")
        session = partial(self._attached, engine, id_, tty=tty, read_only=read_only)
        return Terminal(session) if tty else Stream(session)

    async def _attached(self, engine: Docker, id_: str, pipe: Pipe, *, tty: bool, read_only: bool) -> Ended:
        async with (
            _speaking(engine) as api,
            Attached.to(api, engine.socket, id_, tty=tty, typed=not read_only) as program,
        ):
            return await relay(pipe, program, read_only=read_only)

    async def logs(self, node_id: str, *, timestamps: bool = False) -> Result:
        """What the container wrote, and what it goes on to write."""
        async with self._engine(node_id) as (api, engine, id_):
            tty = bool((await api.get(f"/containers/{id_}/json"))["Config"].get("Tty"))
        return Stream(partial(self._followed, engine, id_, tty=tty, timestamps=timestamps))

    async def _followed(self, engine: Docker, id_: str, pipe: Pipe, *, tty: bool, timestamps: bool) -> Ended:
        parameters = {
            "follow": "1",
            "stdout": "1",
            "stderr": "1",
            "tail": str(TAIL),
            "timestamps": str(int(timestamps)),
        }
        async with _speaking(engine) as api, api.reading(f"/containers/{id_}/logs", **parameters) as written:
            return await relay(pipe, Followed(written, tty=tty), read_only=True)

    @asynccontextmanager
    async def _engine(self, node_id: str) -> AsyncIterator[tuple[Api, Docker, str]]:
        """Who has the container of this node, and how it calls it. What it refuses is said to whoever called."""
        id_ = node_id.partition(";")[0]
        engine = self.engines.controlled().get(id_) if node_id == container_id(id_) else None
        if engine is None:
            raise ControlError(_NO_ENGINE)
        async with _speaking(engine) as api:
            yield api, engine, id_


@asynccontextmanager
async def _speaking(engine: Docker) -> AsyncIterator[Api]:
    try:
        async with docker_api.opened(engine.socket) as api:
            yield api
    except TimeoutError:
        raise ControlError(f"{engine.name} did not answer in time; it may still do what it was asked for") from None
    except FAILURES as error:
        raise ControlError(f"{engine.name}: {error}") from None
    except RUBBISH:
        raise ControlError(f"{engine.name} answers otherwise than the Docker API has it") from None


def _to_execute(asked: Wanted) -> dict[str, Any]:
    return {
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": asked.size is not None,
        "DetachKeys": DETACH_KEYS,
        "Env": [f"TERM={asked.term}"] if asked.size else [],
        "Cmd": list(asked.command) or ["/bin/sh", "-c", _SHELL],
    }
