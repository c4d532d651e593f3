"""A report log without room: who needs more of it is refused and told, others go on, and room is all it takes."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from deploy.local.files import read_json, write_json
from scope_sdk.channel import Service
from scope_sdk.publish import Publisher
from tests.e2e.client import Api, Mesh
from tests.e2e.documents import two_processes
from tests.e2e.parts import eventually
from tests.e2e.watcher import Watcher
from tests.load.ledger import numbered

_ONE_LOG = 16 * 1024 * 1024


def _room(data: Path, size: int) -> None:
    """What all logs may take together, in bytes, from the next time that the server reads it."""
    path = data / "nats" / "nats.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = read_json(path)
    write_json(path, {**written, "jetstream": {**written.get("jetstream", {}), "max_file_store": size}})


@pytest.fixture
def narrow_mesh(tmp_path: Path) -> Iterator[Mesh]:
    """A mesh with room for the log of one organization."""
    mesh = Mesh(tmp_path / "data", free_ports(1)[0], PROBE="0", LOG_MAX_BYTES=str(_ONE_LOG))
    _room(mesh.data, _ONE_LOG + _ONE_LOG // 2)
    mesh.start()
    yield mesh
    mesh.stop()
    postgres.remove(mesh.data / "postgres")


@pytest.mark.timeout(600)
async def test_whom_there_is_no_room_for_is_told_and_served_once_there_is(narrow_mesh: Mesh) -> None:
    mesh, pids = narrow_mesh, {process["pid"] for process in narrow_mesh.run()["processes"]}
    first = mesh.anybody().bearer(mesh.local()["service_token"])
    await eventually(lambda: first.post("/api/report", two_processes("one")).status == 200, "the first log")
    made = json.loads(mesh.command_line("scope-users", "create-organization", "second", "--output", "json").stdout)
    with Watcher(mesh.api(), "hosts") as watcher:
        refused = Api(mesh.url).bearer(made["service_token"]).post("/api/report", two_processes("two"))
        assert refused.status == 429
        assert refused.json()["details"][0]["reason"] == "LOG_FULL"
        async with Publisher(Service(mesh.url, made["service_token"])) as publisher:
            stored = publisher.publish(numbered("two", 0))
            await eventually(lambda: publisher.problem.startswith("LOG_FULL"), "the probe is told")
            assert first.post("/api/report", two_processes("more")).status == 200
            await eventually(lambda: watcher.nodes.keys() >= {"one;<host>", "more;<host>"}, "others go on")
            _room(mesh.data, 3 * _ONE_LOG)
            os.kill(mesh.processes("nats")[0]["pid"], signal.SIGHUP)
            assert await stored
        second = mesh.anybody().bearer(made["api_token"])
        await eventually(lambda: second.nodes("hosts").keys() == {"two;<host>"}, "what waited is shown")
        assert (watcher.connections, watcher.failures) == (1, 0)
    assert {process["pid"] for process in mesh.run()["processes"]} == pids
