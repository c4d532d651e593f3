import os
import subprocess
import sys

from scope_probe import proc

LINE = (
    b"4711 (a) (b c) R 1 4711 4711 34816 4711 4194304 150 0 0 0 250 50 0 0 20 0 3 0 8000 9000000 512 "
    b"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)


def test_a_name_may_hold_spaces_and_parentheses() -> None:
    assert proc.parse_stat(LINE) == proc.Stat(
        pid=4711, comm="a) (b c", state="R", ppid=1, threads=3, started=8000, cpu=300, rss=512 * proc.PAGE
    )


def test_this_process() -> None:
    pid = os.getpid()
    stat = proc.stat(pid)
    assert stat is not None
    assert (stat.pid, stat.ppid) == (pid, os.getppid())
    assert stat.rss > 1_000_000
    assert pid in proc.pids()
    command = proc.command(pid)
    assert command is not None
    assert command[0].endswith("python") or "python" in command[0]
    assert proc.descriptors(pid)


def test_a_process_that_is_gone_is_none() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert proc.stat(child.pid) is None
    assert proc.command(child.pid) is None
    assert proc.descriptors(child.pid) is None
    assert proc.descriptors_max(child.pid) is None
    assert proc.link(child.pid, "ns/net") is None


def test_names_in_any_bytes_become_text() -> None:
    assert proc.text(b"caf\xe9") == "caf�"
