"""A process of the mesh leaves when it is told to, whatever it is doing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

#: A service that waits, as one does whose bus is away.
WAITS = """
import asyncio
from contextlib import asynccontextmanager
from mesh.serve import run
from mesh.settings import Settings

@asynccontextmanager
async def build(mesh):
    print("waiting", flush=True)
    await asyncio.Event().wait()
    yield {}

run("query", Settings.read(), build)
"""


def test_sigterm_ends_a_service_that_has_not_started_yet(tmp_path: Path) -> None:
    key = tmp_path / "mesh.key"
    key.write_text("00" * 32)
    environment = {**os.environ, "LISTEN": "127.0.0.1:0", "MESH_KEY_FILE": str(key), "USERS_ADDRESS": "127.0.0.1:9"}
    with subprocess.Popen([sys.executable, "-c", WAITS], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_settings_that_are_wrong_are_named(tmp_path: Path) -> None:
    environment = {**os.environ, "LISTEN": "here", "MESH_KEY_FILE": str(tmp_path), "REQUESTS_PER_CREDENTIAL": "many"}
    environment.pop("USERS_ADDRESS", None)
    ended = subprocess.run(
        [sys.executable, "-c", WAITS], check=False, env=environment, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert ended.returncode == 1
    named = [line.partition(": ")[0] for line in ended.stderr.splitlines()]
    assert named == ["LISTEN", "USERS_ADDRESS", "REQUESTS_PER_CREDENTIAL"], ended.stderr
