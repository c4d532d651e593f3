"""The engine behind the Docker API: looked at as a whole now and then, and container by container as events come."""

import asyncio
import errno
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from scope_probe.containers import docker_answers as answers
from scope_probe.containers import docker_api
from scope_probe.containers.docker_answers import RUBBISH
from scope_probe.containers.docker_api import FAILURES, Api, ApiError
from scope_probe.containers.model import CONTAINERS, KEPT_SECONDS, RETRY_SECONDS, Container, Image

LOOK_SECONDS = 10.0
"""Between two looks at the list of containers, for what no event told of."""

_INSPECTED_AT_ONCE = 4
#: What may be marked beside single containers: the list is to be read, and nothing known of any container counts.
_LIST, _ALL = "", "*"
#: What happens often and changes nothing that is reported.
_IRRELEVANT = ("exec", "health_status", "top", "attach", "detach", "resize")


class Docker:
    """One engine, at one socket."""

    def __init__(self, socket: Path) -> None:
        self.name = f"docker at {socket}"
        self.socket = socket
        self._failure = ""
        self._left_out = 0
        self._containers: dict[str, Container] = {}
        self._rows: Mapping[str, object] = {}
        self._images: dict[str, Image] = {}
        self._images_known = True
        self._networks: Sequence[str] = ()
        self._marked = {_ALL}
        self._wake = asyncio.Event()
        self._heard = time.monotonic()

    @property
    def problem(self) -> str:
        """Why nothing, or not everything, can be learned from it."""
        if self._left_out:
            return f"it has more than {CONTAINERS} containers; {self._left_out} are not reported"
        return self._failure

    def containers(self) -> Sequence[Container]:
        """Every container, whatever its state; what was known a while ago when the engine is away."""
        return list(self._containers.values()) if self._heard + KEPT_SECONDS > time.monotonic() else ()

    def images(self) -> Sequence[Image]:
        """The images that its containers were made from."""
        return list(self._images.values())

    def sandboxes(self) -> Collection[str]:
        """None: here a pod is held together by a container like any other."""
        return ()

    def networks(self) -> Sequence[str]:
        """The subnets of its bridges."""
        return self._networks

    async def run(self, changed: Callable[[], None]) -> None:
        """Follows it until cancelled; see Engine."""
        async with docker_api.opened(self.socket) as api, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(api))
            tasks.create_task(self._keep_up(api, changed))

    async def _listen(self, api: Api) -> None:
        """Marks what happens. Where listening begins or ends, something may have been missed."""
        while True:
            with suppress(*FAILURES, *RUBBISH):  # the look that follows tells what is wrong
                async with aclosing(api.events()) as events:
                    async for event in events:
                        self._mark(self._concerned(event) if event else _ALL)
            self._mark(_LIST)
            await asyncio.sleep(RETRY_SECONDS)

    def _concerned(self, event: Mapping[str, Any]) -> str | None:
        """What an event is about: a container, everything, or nothing of interest."""
        kind, actor = event["Type"], event["Actor"]
        if kind == "container":
            return None if str(event["Action"]).startswith(_IRRELEVANT) else str(actor["ID"])
        if kind == "image":
            self._images_known = False
        if kind == "network":
            return str((actor.get("Attributes") or {}).get("container") or _LIST)
        return _LIST if kind == "image" else None

    def _mark(self, what: str | None) -> None:
        if what is not None:
            self._marked.add(what)
            self._wake.set()

    async def _keep_up(self, api: Api, changed: Callable[[], None]) -> None:
        before: object = None
        while True:
            self._wake.clear()
            await self._try(api)
            now = (self.problem, dict(self._containers), self._images, self._networks)
            if now != before:
                changed()
            before = now
            await self._pause()

    async def _pause(self) -> None:
        """Until something is marked, or a while has passed."""
        if self._failure:
            await asyncio.sleep(RETRY_SECONDS)
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            self._marked.add(_LIST)

    async def _try(self, api: Api) -> None:
        """Looks at what is marked. What goes wrong is said in `problem`, and tried again."""
        marked, self._marked = self._marked, set()
        try:
            await self._look(api, marked)
        except FAILURES as error:
            self._failure = _reason(error)
        except RUBBISH:
            self._failure = "what answers there does not speak the Docker API"
        else:
            self._failure = ""
            self._heard = time.monotonic()
            return
        self._marked |= marked | {_LIST}

    async def _look(self, api: Api, marked: set[str]) -> None:
        singly = marked - {_LIST, _ALL}
        if singly == marked:
            await self._inspect_all(api, singly)
        else:
            await self._look_at_list(api, {} if _ALL in marked else self._rows, singly)
        await self._look_at_images(api)

    async def _look_at_list(self, api: Api, before: Mapping[str, object], singly: set[str]) -> None:
        """Inspects containers that are new, marked, or listed otherwise than before."""
        self._networks = answers.local_networks(await api.get("/networks"))
        found = {answers.container_id(row): row for row in await api.get("/containers/json", all="1")}
        self._left_out = max(0, len(found) - CONTAINERS)
        listed = dict(list(found.items())[:CONTAINERS])
        rows = {id_: _lasting(row) for id_, row in listed.items()}
        self._containers = {id_: self._containers.get(id_) or answers.listed(row) for id_, row in listed.items()}
        await self._inspect_all(api, (id_ for id_, row in rows.items() if id_ in singly or before.get(id_) != row))
        self._rows = rows

    async def _inspect_all(self, api: Api, containers: Iterable[str]) -> None:
        limit = asyncio.Semaphore(_INSPECTED_AT_ONCE)

        async def inspect(id_: str) -> None:
            async with limit:
                await self._inspect(api, id_)

        await asyncio.gather(*(inspect(id_) for id_ in containers))

    async def _inspect(self, api: Api, id_: str) -> None:
        """A container that the engine cannot speak of stays as it is known, or listed."""
        if id_ not in self._containers and len(self._containers) >= CONTAINERS:
            return
        try:
            self._containers[id_] = answers.container(await api.get(f"/containers/{id_}/json"))
        except ApiError as error:
            if error.status == 404:
                self._containers.pop(id_, None)
        except RUBBISH:
            return

    async def _look_at_images(self, api: Api) -> None:
        known, self._images_known = (self._images if self._images_known else {}), True
        wanted = {found.image_id: found.image for found in self._containers.values() if found.image_id}
        self._images = {id_: known.get(id_) or await _image(api, id_, name) for id_, name in wanted.items()}


async def _image(api: Api, id_: str, reference: str) -> Image:
    """An image; it is called as its container has it (`reference`) where it has lost its tags, or is gone."""
    try:
        found = answers.image(await api.get(f"/images/{id_}/json"))
    except (ApiError, *RUBBISH):
        found = Image(id_)
    return found if found.name else answers.called(found, reference)


def _lasting(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a list says of a container but for the words that change with the time, like `Up 3 minutes`."""
    return {key: value for key, value in row.items() if key != "Status"}


def _reason(error: BaseException) -> str:
    if getattr(error, "errno", None) == errno.EACCES:
        return "permission denied; run as root, or as a member of the group that the socket belongs to"
    return getattr(error, "strerror", None) or str(error) or f"no answer in time ({type(error).__name__})"
