"""A mesh whose processes start and end one by one, as a test wants it, and are kept alive as by its supervisor."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from deploy.local import accounts, nats, postgres, services
from deploy.local.command import Command
from deploy.local.files import private_folder
from deploy.local.layout import Layout, lay_out
from deploy.local.options import Options
from deploy.local.supervised import Supervised
from tests.e2e.client import PATIENCE, Api

_LOOK = 0.02
_READY = 60.0


class Parts:
    """The processes by name and replica, as `users-1`; `api` is the administrator's."""

    def __init__(self, layout: Layout, commands: dict[str, Command]) -> None:
        self.commands = commands
        self.names = list(commands)
        self._logs = layout.data / "logs"
        self._running: dict[str, Supervised] = {}
        self._said: dict[str, int] = {}

    def start(self, name: str, **environment: str) -> None:
        """Starts a process and returns at once; `environment` is added to its own."""
        command = self.commands[name]
        changed = replace(command, environment={**command.environment, **environment})
        _, dash, number = name.rpartition("-")
        replica = int(number) if dash else 0
        process = self._running[name] = Supervised(changed, replica, self._logs, print, lambda: None)
        self._said[name] = process.log.stat().st_size if process.log.exists() else 0
        process.start()

    async def ready(self, name: str) -> None:
        """Returns when the process works."""
        await self._running[name].wait_ready(_READY)

    async def stop(self, name: str) -> None:
        """Ends a process, which stays away."""
        await self._running.pop(name).stop()

    async def stop_all(self) -> None:
        """Ends all of them, at once."""
        await asyncio.gather(*(self.stop(name) for name in list(self._running)))

    def deaths(self) -> dict[str, int]:
        """How often each process ended by itself."""
        return {name: process.deaths for name, process in self._running.items()}

    def log(self, name: str) -> str:
        """What a process has written since it was started."""
        path = self._running[name].log
        return path.read_bytes()[self._said[name] :].decode(errors="replace") if path.exists() else ""


@asynccontextmanager
async def parts(data: Path, replicas: int = 1) -> AsyncIterator[tuple[Parts, Api]]:
    """A mesh with an organization, none of whose processes runs yet; its administrator."""
    layout = lay_out(Options(data=data, port=0, host="127.0.0.1", replicas=replicas))
    with private_folder(layout.data) as private:
        commands = {
            "nats": nats.prepare(layout.broker),
            "postgres": await asyncio.to_thread(postgres.prepare, layout.cluster),
            **{f"{each.service}-{each.number}": services.service(layout, each) for each in layout.replicas},
            "envoy": services.envoy(layout, private),
        }
        mesh = Parts(layout, commands)
        try:
            mesh.start("postgres")
            await mesh.ready("postgres")
            accounts.write_environment(layout)
            await accounts.migrate(layout)
            local = await accounts.welcome(layout)
            await mesh.stop("postgres")
            commands["probe"] = services.probe(layout, local["service_token"])
            yield mesh, Api(layout.url).bearer(local["api_token"])
        finally:
            await mesh.stop_all()
            postgres.remove(layout.data / "postgres")


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition, which may block for a moment; where it finds no connection it does not hold yet."""
    seen: object = None
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    if await asyncio.to_thread(condition):
                        return
                except OSError as error:
                    seen = error
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        raise AssertionError(f"{what} did not come within {PATIENCE} s (last: {seen!r})") from None
