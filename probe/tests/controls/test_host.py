import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from probe.tests.controls.line import Line, call, ended, ran, using
from probe.tests.waiting import until
from scope_probe import proc
from scope_probe.controls import pty
from scope_probe.controls.host import CannotEnterError, HostControls, login, way
from scope_sdk.controls import ControlError, Controls, Ended, Stream, Terminal
from scope_sdk.pipes import Size

HOST = "engine-1"
NODE = f"{HOST};<host>"


@pytest.fixture
def controls() -> Controls:
    controls = Controls()
    HostControls(HOST, way()).register(controls)
    return controls


def command(*words: str) -> str:
    return json.dumps(words)


def here(line: str) -> str:
    return command("sh", "-c", line)


def of_session(pid: int) -> list[int]:
    """Every process of the session that this one leads, also those that nobody has waited for."""
    return [other for other in psutil.pids() if _session(other) == pid]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


async def pid_shown(line: Line) -> int:
    shown = await line.until(b"<")
    return int(shown.partition(b">")[2].partition(b"<")[0])


@pytest.mark.parametrize("tty", ["true", "false"])
@pytest.mark.parametrize(
    ("line", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
)
async def test_the_exit_status_is_that_of_what_ran(controls: Controls, tty: str, line: str, status: int) -> None:
    how, _ = await ran(controls, "host_exec", NODE, tty=tty, command=here(line))
    assert how == Ended(status)


@pytest.mark.parametrize("tty", ["true", "false"])
async def test_what_there_is_not_is_said(controls: Controls, tty: str) -> None:
    how, shown = await ran(controls, "host_exec", NODE, tty=tty, command=command("no-such-program"))
    assert how == Ended(127)
    assert b"no-such-program: not found" in shown


@pytest.mark.parametrize("tty", ["true", "false"])
async def test_everything_written_before_the_end_arrives(controls: Controls, tty: str) -> None:
    _, shown = await ran(controls, "host_exec", NODE, tty=tty, command=here("seq 1 100000; echo oops >&2"))
    assert shown.split() == [*(b"%d" % number for number in range(1, 100_001)), b"oops"]


async def test_a_terminal_is_as_large_as_the_one_that_shows_it(controls: Controls) -> None:
    script = "trap 'stty size' WINCH; stty size; echo ready; while :; do sleep 0.01; done"
    result = await call(controls, "host_exec", NODE, command=here(script), width="101", height="33")
    async with using(result) as (line, _):
        assert (await line.until(b"ready")).split()[:2] == [b"33", b"101"]
        line.resized(120, 40)
        await line.until(b"40 120")


async def test_a_size_that_was_said_before_counts(controls: Controls) -> None:
    result = await call(controls, "host_exec", NODE, command=here("sleep 0.2; stty size; read x"), width="101")
    async with using(result, Line(Size(99, 22))) as (line, _):
        await line.until(b"22 99")


async def test_it_is_a_login_shell_at_a_terminal_of_its_own(controls: Controls) -> None:
    result = await call(controls, "host_exec", NODE, term="vt100")
    assert isinstance(result, Terminal)
    async with using(result) as (line, session):
        line.type(
            b'echo "$TERM:$(tty):$(ps -o tpgid= -p $$ | tr -d " "):$((6 * 7))"; shopt -q login_shell && echo log"in"\n'
        )
        assert b"vt100:/dev/pts/" in await line.until(b":42")
        await line.until(b"login")
        line.type(b"exit 3\n")
        assert await ended(session) == Ended(3)


async def test_control_c_ends_what_runs_in_the_foreground_and_not_the_shell(controls: Controls) -> None:
    async with using(await call(controls, "host_exec", NODE)) as (line, _):
        line.type(b"echo rea''dy; sleep 1000; echo is $((100 + $?))\n")
        await line.until(b"ready")
        line.type(b"\x03")
        line.type(b"echo sti''ll\n")
        await line.until(b"still")


async def test_nothing_of_the_probe_is_in_its_environment(controls: Controls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPE_SERVICE_TOKEN", "a-secret")
    monkeypatch.setenv("KUBERNETES_SECRET", "a-secret")
    for tty in ("true", "false"):
        _, shown = await ran(controls, "host_exec", NODE, tty=tty, command=command("env"))
        said = dict(line.split("=", 1) for line in shown.decode().splitlines())
        assert said["HOME"] == login("").pw_dir == said["PWD"]
        assert {"SHELL", "USER", "LOGNAME", "PATH"} < said.keys()
        assert "a-secret" not in str(said)


@pytest.mark.parametrize("tty", ["true", "false"])
@pytest.mark.parametrize("script", ["echo '>'$$'<'; exec sleep 1000", "trap '' HUP; echo '>'$$'<'; sleep 1000 & wait"])
async def test_what_ran_ends_with_its_pipe(
    controls: Controls, tty: str, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pty, "GRACE_SECONDS", 0.3)
    async with using(await call(controls, "host_exec", NODE, tty=tty, command=here(script))) as (line, _):
        pid = await pid_shown(line)
        assert pid in of_session(pid)
    await until(lambda: not of_session(pid))


@pytest.mark.parametrize("tty", ["true", "false"])
async def test_what_a_shell_left_behind_in_its_group_ends_too(controls: Controls, tty: str) -> None:
    script = "sleep 1000 & echo '>'$$'<'"
    async with using(await call(controls, "host_exec", NODE, tty=tty, command=here(script))) as (line, session):
        assert await ended(session) == Ended(0)
        pid = await pid_shown(line)
    await until(lambda: not of_session(pid))


async def test_no_descriptor_stays_open(controls: Controls) -> None:
    await ran(controls, "host_exec", NODE, command=here("true"))
    gc.collect()
    before = psutil.Process().num_fds()
    for tty in ("true", "false") * 5:
        await ran(controls, "host_exec", NODE, tty=tty, command=here("true"))
    assert psutil.Process().num_fds() == before


async def test_without_a_terminal_input_can_end_before_output(controls: Controls) -> None:
    text = os.urandom(1_000_000).hex().encode()
    result = await call(controls, "host_exec", NODE, tty="false", command=command("sha256sum", "-b"))
    assert isinstance(result, Stream)
    async with using(result) as (line, session):
        for start in range(0, len(text), 65536):
            line.type(text[start : start + 65536])
        line.type(b"")
        assert await ended(session) == Ended(0)
        assert line.shown.split()[0].decode() == hashlib.sha256(text).hexdigest()


async def test_at_a_terminal_the_end_of_input_is_typed(controls: Controls) -> None:
    async with using(await call(controls, "host_exec", NODE, command=command("cat"))) as (line, session):
        line.type(b"hello\n")
        await line.until(b"hello\r\nhello\r\n")
        line.type(b"")
        assert await ended(session) == Ended(0)


async def test_bytes_are_bytes(controls: Controls) -> None:
    text = "€ ∑ 漢字 🙂 ".encode() * 20_000
    script = f"stty raw -echo; echo rea''dy; head -c {len(text)}"
    async with using(await call(controls, "host_exec", NODE, command=here(script))) as (line, session):
        await line.until(b"ready\n")
        for start in range(0, len(text), 65_531):  # in the middle of characters
            line.type(text[start : start + 65_531])
        assert await ended(session) == Ended(0)
        assert line.shown.partition(b"ready\n")[2] == text


@pytest.mark.parametrize("tty", ["true", "false"])
async def test_whoever_reads_slowly_makes_the_program_wait(controls: Controls, tty: str) -> None:
    line = Line()
    line.stalled = True
    async with using(await call(controls, "host_exec", NODE, tty=tty, command=command("yes")), line) as (_, _):
        await until(lambda: line.pieces)
        [program] = [one for one in psutil.Process().children() if one.name() == "yes"]
        used: list[float] = []
        await until(lambda: _stands_still(program, used))
        assert len(line.pieces) == 1
        assert len(line.pieces[0]) <= pty.READ_BYTES
        line.stalled = False
        await until(lambda: len(line.shown) > 2_000_000)
        assert max(map(len, line.pieces)) <= pty.READ_BYTES


def _stands_still(program: psutil.Process, used: list[float]) -> bool:
    """Whether it has used no processor in the last 20 looks."""
    used.append(sum(program.cpu_times()[:2]))
    return len(used) > 20 and used[-1] == used[-20]


async def test_a_program_that_does_not_read_stops_whoever_types(controls: Controls) -> None:
    result = await call(controls, "host_exec", NODE, tty="false", command=here("sleep 0.5; wc -c"))
    async with using(result) as (line, session):
        for _ in range(160):
            line.type(b"x" * 65536)
        line.type(b"")
        assert await ended(session) == Ended(0)
        assert line.shown.strip() == b"%d" % (160 * 65536)


@pytest.mark.parametrize(
    ("program", "shows", "leave"),
    [("vim", b"VIM", b":q!\r"), ("top", b"%Cpu", b"q"), ("less", b"(END)", b"q")],
)
async def test_programs_for_terminals_can_be_used(
    controls: Controls, program: str, shows: bytes, leave: bytes, tmp_path: Path
) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    (tmp_path / "file").write_text("one line\n")
    arguments = {"less": ["-X", str(tmp_path / "file")], "vim": ["-u", "NONE", "+intro"], "top": []}[program]
    async with using(await call(controls, "host_exec", NODE, command=command(program, *arguments))) as (line, session):
        await line.until(shows)
        line.type(leave)
        assert await ended(session) == Ended(0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"command": "ls"}, "command"),
        ({"command": "[]"}, "command"),
        ({"command": '["ls", 1]'}, "command"),
        ({"command": '["a\\u0000b"]'}, "command"),
        ({"command": '"ls"'}, "command"),
        ({"tty": "yes"}, "tty"),
        ({"width": "0"}, "width"),
        ({"height": "10001"}, "height"),
        ({"height": "tall"}, "height"),
        ({"term": "x y"}, "term"),
        ({"term": ""}, "term"),
        ({"shell": "sh"}, "shell"),
    ],
)
async def test_what_is_told_wrongly_is_refused_by_name(
    controls: Controls, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(ControlError, match=said):
        await call(controls, "host_exec", NODE, **arguments)


async def test_another_host_is_refused(controls: Controls) -> None:
    with pytest.raises(ControlError, match=HOST):
        await call(controls, "host_exec", "other;<host>")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[int]:
    """The pid of a process whose files, and whose root user, are others than here."""
    (tmp_path / "passwd").write_text(f"admin:x:0:0:Root:{tmp_path}:/bin/sh\n")
    script = f"mount --bind {tmp_path}/passwd /etc/passwd && echo ready && exec sleep 1000"
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    with process:
        yield process.pid
        process.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter another namespace")
async def test_from_a_container_the_host_is_entered(elsewhere: int, tmp_path: Path) -> None:
    controls = Controls()
    HostControls(HOST, way(elsewhere)).register(controls)
    for tty in ("true", "false"):
        script = "readlink /proc/self/ns/mnt; echo $HOME; pwd; whoami; tty"
        _, shown = await ran(controls, "host_exec", NODE, tty=tty, command=here(script))
        namespace, home, folder, user, terminal = shown.decode().split(maxsplit=4)
        assert namespace == proc.link(elsewhere, "ns/mnt") != proc.link("self", "ns/mnt")
        assert home == folder == str(tmp_path)
        assert user == "admin"
        assert terminal.startswith("/dev/pts/" if tty == "true" else "not a tty")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter another namespace")
def test_why_the_host_cannot_be_entered_is_said(elsewhere: int) -> None:
    script = f"from scope_probe.controls.host import way; way({elsewhere})"
    without = ["setpriv", "--bounding-set=-sys_chroot", sys.executable, "-c", script]
    done = subprocess.run(without, capture_output=True, text=True, check=False)
    assert "CannotEnterError: the probe runs in a container that may not enter the host" in done.stderr
    assert "SYS_CHROOT" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mount --bind /etc/hostname /etc/hostname", "may not look at the namespaces of process 1"),
        ("umount /etc/hostname 2>/dev/null", "Way(entering=(), root='')"),
    ],
    ids=["in a container", "on a host"],
)
def test_who_may_not_look_at_the_host_offers_its_shell_only_outside_of_containers(place: str, said: str) -> None:
    script = "from scope_probe.controls.host import way; print(way())"
    blind = f"{place}; exec setpriv --bounding-set=-sys_ptrace {sys.executable} -c '{script}'"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", blind], capture_output=True, text=True, check=False)
    assert said in done.stdout + done.stderr


def test_without_the_program_that_enters_it_is_named(elsewhere: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CannotEnterError, match="nsenter"):
        way(elsewhere)


def test_root_of_another_place_is_found_in_its_files(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("daemon:x:1:1::/:/bin/false\nadmin:x:0:0:Root:/root2:/bin/zsh\n")
    user = login(str(tmp_path))
    assert (user.pw_name, user.pw_dir, user.pw_shell) == ("admin", "/root2", "/bin/zsh")
    assert login(str(tmp_path / "nothing")).pw_shell == "/bin/sh"
