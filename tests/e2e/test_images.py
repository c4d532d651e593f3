"""The images that are built here, run by deploy/compose.yaml as an operator runs them, walked through from outside."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from deploy import packages
from tests.e2e.client import PATIENCE, ROOT, Api, wait_for
from tests.e2e.composed import Composed, build_images
from tests.e2e.mailbox import link_secret
from tests.e2e.people import signed_in_by
from tests.e2e.podman import CannotRunContainersError, check, engine
from tests.e2e.sockets import execute, page

pytestmark = pytest.mark.timeout(1500)

ADMINISTRATOR, NEWCOMER = "ada@composed.example", "nora@composed.example"
HOST = f"{socket.gethostname()};<host>"
#: Our containers that go on for ever, by their components.
SERVICES = [name for name in (ROOT / "deploy/images/components").read_text().split() if name != "probe"]
#: What a probe needs to see the machine and to open its shell: bits of CapEff, as linux/capability.h numbers them.
PROBES_CAPABILITIES = {"DAC_READ_SEARCH": 2, "NET_ADMIN": 12, "SYS_CHROOT": 18, "SYS_PTRACE": 19, "SYS_ADMIN": 21}


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    folder = tmp_path_factory.mktemp("images")
    with ExitStack() as after:
        try:
            check(packages.BASE)
            podman = after.enter_context(engine(folder / "podman", driver="overlay"))
        except CannotRunContainersError as error:
            pytest.skip(str(error))
        build_images(podman, folder / "standins")
        composed = Composed(podman)
        composed.compose("--profile", "setup", "run", "--rm", "secrets")
        composed.compose("up", "--detach")
        wait_for(lambda: not composed.inspect("migrate")["State"]["Running"], "that tables are made", within=240)
        wait_for(composed.works, "every service")
        yield composed


@pytest.fixture(scope="module")
def person(composed: Composed) -> Api:
    """Somebody who signed up, was approved, and made an organization."""
    link = composed.podman.podman("exec", composed.name("users"), "scope-users", "create-admin", ADMINISTRATOR)
    administrator, _ = signed_in_by(composed.anybody(), link.rpartition("/")[2])
    asked = composed.anybody().post("/api/users/signup", {"email": NEWCOMER})
    assert (asked.status, asked.json()) == (200, {"email": NEWCOMER, "mailSent": True})
    composed.mail(NEWCOMER, 0)
    people = administrator.get("/api/users/admin/users?approved=false").json()["people"]
    (waiting,) = [one for one in people if one["email"] == NEWCOMER]
    assert administrator.post(f"/api/users/admin/users/{waiting['id']}/approve", {}).status == 200
    person, said = signed_in_by(composed.anybody(), link_secret(composed.mail(NEWCOMER, 1)))
    assert said == {"email": NEWCOMER, "firstLogin": True}
    assert person.post("/api/users/orgs", {"id": "nora-1", "name": "Nora's machines"}).status == 200
    return person


@pytest.fixture(scope="module")
def token(person: Api) -> str:
    """The token of probes."""
    return str(person.post("/api/users/tokens", {"name": "first", "kind": "probe"}).json()["token"])


@pytest.fixture(scope="module")
def probe(composed: Composed, token: str) -> str:
    """The service of the probe, which runs."""
    composed.compose("--profile", "probe", "up", "--detach", "probe", SCOPE_SERVICE_TOKEN=token)
    return "probe"


@pytest.fixture(scope="module")
def opened(
    composed: Composed, person: Api, probe: str, token: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Shells of the machine can be opened: by the probe, or by one outside of containers where that is kept from it.

    Sandboxes let nobody look at their first process, and profiles of engines no container. Then its probe cannot tell
    whose a shell would be, and must not offer one.
    """
    if may_look(composed, probe):
        yield
        return
    wait_for(lambda: HOST in person.nodes("hosts"), "the host")
    assert not person.get(f"/api/topology/hosts/{quote(HOST, safe='')}").json()["node"].get("controls")
    folder = tmp_path_factory.mktemp("outside")
    command = [str(Path(sys.executable).with_name("scope")), "launch", f"--state={folder / 'state'}", composed.url]
    with (folder / "log").open("wb") as log:
        outside = subprocess.Popen(command, env={**os.environ, "SCOPE_SERVICE_TOKEN": token}, stdout=log, stderr=log)
    yield
    outside.terminate()
    assert outside.wait(PATIENCE) == 0


def may_look(composed: Composed, service: str) -> bool:
    """Whether root of a service's container may look at the first process that it sees."""
    try:
        composed.podman.podman("exec", composed.name(service), "readlink", "/proc/1/ns/mnt")
    except RuntimeError:
        return False
    return True


def namespace() -> str:
    """In which the machine's files are seen, as its shells and these tests see them."""
    return str(Path("/proc/self/ns/mnt").readlink())


def status(composed: Composed, service: str) -> dict[str, str]:
    """What the kernel says of a service's first process."""
    lines = Path(f"/proc/{composed.inspect(service)['State']['Pid']}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def is_healthy(composed: Composed, service: str) -> bool:
    try:
        composed.podman.podman("healthcheck", "run", composed.name(service))
    except RuntimeError:
        return False
    return True


def is_back(composed: Composed, service: str, died: int) -> bool:
    """Whether the container runs again, by its restart policy.

    That is carried out by what podman runs when a container has ended, which fails on a machine that has no syslog.
    """
    if composed.inspect(service)["State"]["Pid"] == 0:
        with suppress(RuntimeError):
            composed.podman.podman("container", "cleanup", composed.name(service))
    return composed.inspect(service)["State"]["Pid"] not in (0, died)


def test_tables_are_made(composed: Composed) -> None:
    assert composed.inspect("migrate")["State"]["ExitCode"] == 0


@pytest.mark.parametrize("service", [*SERVICES, "postgres", "nats"])
def test_what_runs_says_that_it_works(composed: Composed, service: str) -> None:
    wait_for(lambda: is_healthy(composed, service), f"that {service} works")


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_is_root_or_may_become_it(composed: Composed, service: str) -> None:
    assert composed.inspect(service)["HostConfig"]["ReadonlyRootfs"] is True
    said = status(composed, service)
    assert set(said["Uid"].split()) == set(said["Gid"].split()) == {"65532"}
    assert (int(said["CapEff"], 16), int(said["CapBnd"], 16), said["NoNewPrivs"]) == (0, 0, "1")


def test_the_probe_is_root_with_what_it_needs_alone(composed: Composed, probe: str) -> None:
    assert composed.inspect(probe)["HostConfig"]["ReadonlyRootfs"] is True
    said = status(composed, probe)
    assert int(said["CapBnd"], 16) == sum(1 << bit for bit in PROBES_CAPABILITIES.values())
    assert said["NoNewPrivs"] == "1"


def test_the_pages_are_there(composed: Composed) -> None:
    answer = composed.anybody().get("/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    (script,) = re.findall(rb'src="\.(/[^"]+\.js)"', answer.body)
    assert composed.anybody().get(script.decode()).status == 200


@pytest.mark.usefixtures("probe")
def test_the_machine_and_its_processes_are_on_the_map(person: Api) -> None:
    wait_for(lambda: HOST in person.nodes("hosts"), "the host")
    ours = f"{socket.gethostname()};{os.getpid()}"
    wait_for(lambda: ours in person.nodes("processes?unconnected=show"), "a process of the machine")


@pytest.mark.usefixtures("opened")
async def test_a_shell_of_the_machine_is_opened_in_a_page(person: Api) -> None:
    pipe = execute(person, "read said; echo $((6 * 7)) $said; readlink /proc/self/ns/mnt")
    async with page(person, pipe) as shown:
        await shown.type(b"here\n")
        await shown.over()
    assert shown.shown.decode().split() == ["42", "here", namespace()]


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("service", ["query", "control"])
async def test_what_dies_comes_back(composed: Composed, person: Api, service: str) -> None:
    died = composed.inspect(service)["State"]["Pid"]
    os.kill(died, signal.SIGKILL)
    wait_for(lambda: is_back(composed, service, died), f"another {service}")
    wait_for(composed.works, "every service")
    wait_for(lambda: HOST in person.nodes("hosts"), "the host")
    async with page(person, execute(person, "echo again")) as shown:
        await shown.over()
    assert shown.shown == b"again\n"


def test_everything_leaves_when_it_is_asked_to(composed: Composed, probe: str) -> None:
    """The last of these tests. Who does not leave before its grace ends is killed, which is status 137.

    The probe may also end by the signal itself, which is status 143.
    """
    names = [probe, *SERVICES]
    with ThreadPoolExecutor() as at_once:
        list(at_once.map(lambda name: composed.podman.podman("stop", composed.name(name)), names))
    ended = {name: composed.inspect(name)["State"]["ExitCode"] for name in names}
    assert ended.pop(probe) in (0, 143)
    assert ended == dict.fromkeys(SERVICES, 0)
