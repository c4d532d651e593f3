"""The command says what it cannot do."""

import subprocess
import sys
from pathlib import Path


def test_a_folder_that_no_mesh_runs_on_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.guard", "--data", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    assert "no mesh runs" in done.stderr
    assert done.stdout == ""
