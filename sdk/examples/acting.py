"""Reports its host, and lets people do two things to it: set how much this program logs, and watch the load.

TOKEN=<a service token> python sdk/examples/acting.py 127.0.0.1:8080
"""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Literal

from scope_sdk import (
    Builder,
    ControlError,
    Controller,
    Controls,
    Ended,
    NodeFacts,
    Pipe,
    Publisher,
    Service,
    Terminal,
    Topology,
    ids,
)

NAME = socket.gethostname()
HOST = Topology.TOPOLOGY_HOST

controls = Controls()


@controls.control("log_level", label="Log level", icon="fa fa-sliders", topology=HOST, permission="container.restart")
async def log_level(node_id: str, *, level: Literal["debug", "info", "warning"] = "info") -> str:
    """Says back what the person who called it reads."""
    if node_id != ids.host_id(NAME):
        raise ControlError(f"{node_id} is not the host of this program")
    logging.getLogger().setLevel(level.upper())
    return f"logs {level} and above from now on"


@controls.control("load_watch", label="Watch the load", icon="fa fa-desktop", topology=HOST, permission="pod.logs.view")
async def load_watch(node_id: str, *, seconds: float = 1.0) -> Terminal:
    """Opens a terminal that shows the load of this host until a key is pressed."""
    if seconds < 0.1:
        raise ControlError(f"the load of {node_id} cannot be told more often than every 0.1 s")

    async def session(pipe: Pipe) -> Ended:
        while True:
            await pipe.write(b"%.2f\r\n" % os.getloadavg()[0])
            try:
                async with asyncio.timeout(seconds):
                    await pipe.read()
            except TimeoutError:
                continue
            return Ended(message="a key was pressed")

    return Terminal(session)


async def main() -> None:
    """Reports every three seconds, and takes calls meanwhile."""
    service = Service(sys.argv[1], token=os.environ["TOKEN"])
    publisher = Publisher(service, Path("state"))
    async with publisher, Controller(service, controls, probe_id=publisher.probe_id):
        while True:
            host = NodeFacts(HOST, ids.host_id(NAME), NAME, controls=["log_level", "load_watch"])
            publisher.publish(controls.declare(Builder()).add(host))
            await asyncio.sleep(3)


if __name__ == "__main__":
    asyncio.run(main())
