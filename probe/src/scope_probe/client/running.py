"""`scope exec`: a command, or a shell, on a host or in a container."""

import json
import os
from collections.abc import Sequence

from scope.query.v1.node_pb2 import NodeControl
from scope_probe.client import names, session
from scope_probe.client.failures import Failure, Status
from scope_probe.client.link import Link, connected
from scope_probe.client.words import clean
from scope_sdk import Service

_CONTROLS = frozenset({"host_exec", "docker_exec_container"})
_TOPOLOGIES = ("hosts", "containers")


async def execute(service: Service, target: str, command: Sequence[str]) -> int:
    """Runs it, joined to this process's standard input and output; its exit status."""
    raw = session.is_terminal()
    async with connected(service) as link:
        answer = await link.invoke(await _control(link, target), _told(command, raw=raw))
        async with link.attach(answer.pipe) as pipe:
            return await session.run(pipe, raw=raw)


def _told(command: Sequence[str], *, raw: bool) -> dict[str, str]:
    told = {"tty": "true" if raw else "false"}
    if command:
        told["command"] = json.dumps(list(command))
    if raw:
        width, height = session.size()
        told |= {"width": str(width), "height": str(height)}
        if term := os.environ.get("TERM"):
            told["term"] = term
    return told


async def _control(link: Link, target: str) -> NodeControl:
    """What runs a command there.

    Raises:
        Failure: there is no such host or container, or are several, or nothing can be run there.
    """
    # Of containers of one name the one that runs is meant.
    running = await names.find(link, target, _TOPOLOGIES, stopped="running")
    named = names.only(target, running or await names.find(link, target, _TOPOLOGIES))
    details = await link.node(named.topology, named.id)
    for control in details.controls:
        if control.id in _CONTROLS:
            return control
    raise Failure(
        Status.UNAVAILABLE,
        f"nothing can be run in '{clean(details.label)}': it does not run, or its probe was not heard of lately, or "
        "lets nobody (--no-controls)",
    )
