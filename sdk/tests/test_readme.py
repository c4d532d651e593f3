import asyncio
import os
import re
import socket
import sys
from pathlib import Path

from .far_end import FarEnd

README = Path(__file__).parents[1] / "README.md"


async def test_the_program_of_the_readme_reports_its_host(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    async with FarEnd().serving() as far_end:
        program = found[1].replace("127.0.0.1:8080", far_end.target)
        environment = os.environ | {"TOKEN": "secret"}
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=tmp_path, env=environment)
        try:
            await far_end.until(lambda: bool(far_end.received))
        finally:
            process.kill()
            await process.wait()
    first = far_end.received[0]
    assert first.metadata["authorization"] == "Scope-Probe token=secret"
    assert first.metadata["x-scope-probe-id"] == (tmp_path / "state" / "probe-id").read_text().strip()
    assert [(node.id, node.label) for node in first.report.nodes] == [(socket.gethostname(),) * 2]
    assert first.report.metrics[0].values
    assert first.report.templates.topologies[0].metrics[0].id == "load1"
