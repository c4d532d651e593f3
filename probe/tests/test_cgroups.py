import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from probe.tests.cgroup import contained
from scope_probe.containers import cgroups
from scope_probe.containers.cgroups import Meter, Used

DEADLINE = 30
MANY = 100
ID, POD, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4, "a0" * 32
MOUNTS = """\
22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw
31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
36 31 0:33 /docker/1 /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,nosuid master:1 propagate_from:2 - cgroup2 cgroup2 rw,nsdelegate
"""
BUSY = "while True: pass"
# In a cgroup namespace that begins where its own cgroup does; it sees all from the namespace of this process on.
APART = """
import os, sys
from scope_probe.containers import cgroups
before = cgroups.container_of(os.getpid())
cgroups.see_all(int(sys.argv[1]))
print(repr(before), repr(cgroups.container_of(os.getpid())))
"""


@pytest.mark.parametrize(
    "path",
    [
        f"/docker/{ID}",
        f"/system.slice/docker-{ID}.scope",
        f"/docker/{ID}/init.scope",
        f"/docker/{ID}/system.slice/nginx.service",
        f"/actions_job/{ID}",
        f"/ecs/task-1/{ID}",
        f"/libpod_parent/libpod-{ID}",
        f"/libpod_parent/{POD}/libpod-{ID}",
        f"/machine.slice/libpod-{ID}.scope",
        f"/machine.slice/libpod-{ID}.scope/container",
        f"/machine.slice/machine-libpod_pod_{POD}.slice/libpod-{ID}.scope/container",
        f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container",
        f"/system.slice/web.service/libpod-payload-{ID}",
        f"/kubepods/burstable/pod5c6ea4e9-2d5f-4c8a-8e0b-1f2d3c4b5a69/{ID}",
        f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5c6ea4e9_2d5f.slice/docker-{ID}.scope",
        f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-{ID}.scope",
        f"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:{ID}",
        f"/kubepods.slice/kubepods-pod1.slice/crio-{ID}.scope",
        f"/kubepods.slice/kubepods-pod1.slice/crio-{ID}.scope/container",
        f"/kubepods/besteffort/pod1/crio-{ID}",
        f"/default/{ID}",
        f"/system.slice/nerdctl-{ID}.scope",
        f"/docker/{OTHER}/kubelet/kubepods/pod1/{ID}",  # a node of a cluster that is itself a container
        f"/../../system.slice/docker-{ID}.scope",  # seen from a cgroup namespace beside it
        f"/../{ID}",
    ],
)
def test_in_a_container(path: str) -> None:
    for lines in (f"0::{path}\n", f"12:cpu,cpuacct:{path}\n4:memory:{path}\n1:name=systemd:/\n0::/\n"):
        group = cgroups.parse(lines.encode())
        assert group is not None
        assert group.container == ID


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/init.scope",
        "/system.slice/docker.service",
        "/user.slice/user-0.slice/session-4.scope",
        "/libpod_parent/conmon",
        f"/libpod_parent/{POD}/conmon",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/kubepods.slice/kubepods-pod1.slice/crio-conmon-{ID}.scope",
        f"/machine.slice/machine-libpod_pod_{POD}.slice",
        "/kubepods/besteffort/pod5c6ea4e9-2d5f-4c8a-8e0b-1f2d3c4b5a69",
        f"/docker/{ID[:-1]}",
        f"/docker/{ID}0",
        f"/docker/{ID.upper()}",
    ],
)
def test_in_no_container(path: str) -> None:
    assert cgroups.parse(f"9:memory:{path}\n0::{path}\n".encode()) is None


def test_the_cgroup_is_the_containers_in_each_hierarchy() -> None:
    lines = f"3:cpu,cpuacct:/docker/{ID}/web.service\n2:memory:/docker/{ID}/web.service\n1:pids:/user.slice\n0::/\n"
    group = cgroups.parse(lines.encode())
    assert group is not None
    assert dict(group.paths) == dict.fromkeys(["cpu", "cpuacct", "memory"], f"/docker/{ID}")


def test_the_process_is_gone() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert not cgroups.container_of(process.pid)
    assert cgroups.usage(process.pid) is None


def test_where_hierarchies_are() -> None:
    found = cgroups.parse_mounts(MOUNTS, "/proc/1/root")
    assert {name: found.get(name) for name in ("cpuacct", "memory", "pids", "")} == {
        "cpuacct": "/proc/1/root/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/proc/1/root/sys/fs/cgroup/memory",
        "pids": None,
        "": "/proc/1/root/sys/fs/cgroup/unified",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_where_hierarchies_are_among_many_mounts(tmp_path: Path) -> None:
    for number in range(MANY):
        (tmp_path / f"{number}").mkdir()
    show = "from scope_probe.containers import cgroups; print(cgroups.mounted('self')[''])"
    command = f"""
        for number in $(seq 0 {MANY - 2}); do mount -t tmpfs none {tmp_path}/$number; done
        mount -t cgroup2 none {tmp_path}/{MANY - 1}
        exec {sys.executable} -c "{show}"
    """
    answer = subprocess.run(["unshare", "--mount", "sh", "-ec", command], check=True, capture_output=True, text=True)
    assert answer.stdout == f"/proc/self/root{tmp_path}/{MANY - 1}\n"


def folder(path: Path, **files: str) -> str:
    path.mkdir()
    for name, text in files.items():
        (path / name.replace("_", ".", 1)).write_text(text)
    return str(path)


@pytest.mark.parametrize(("most", "limit"), [("max\n", 0), ("1048576\n", 1048576)])
def test_usage_in_version_2(tmp_path: Path, most: str, limit: int) -> None:
    both = folder(
        tmp_path / "both",
        cpu_stat="usage_usec 2500000\nuser_usec 1\n",
        memory_current="9000\n",
        memory_stat="anon 1\ninactive_file 4000\nactive_file 7\n",
        memory_max=most,
    )
    assert cgroups.read_usage({"": both}) == Used(2.5, 5000, limit)


@pytest.mark.parametrize(("most", "limit"), [("9223372036854771712\n", 0), ("1048576\n", 1048576)])
def test_usage_in_version_1(tmp_path: Path, most: str, limit: int) -> None:
    cpu = folder(tmp_path / "cpu", cpuacct_usage="2500000000\n")
    memory = folder(
        tmp_path / "memory",
        memory_usage_in_bytes="9000\n",
        memory_stat="inactive_file 1\ntotal_inactive_file 4000\n",
        memory_limit_in_bytes=most,
    )
    both = folder(tmp_path / "both", cpu_stat="usage_usec 1\n")
    assert cgroups.read_usage({"": both, "cpuacct": cpu, "memory": memory}) == Used(2.5, 5000, limit)


def test_no_controllers_no_usage(tmp_path: Path) -> None:
    assert cgroups.read_usage({"": folder(tmp_path / "both", cpu_stat="usage_usec 1\n")}) is None
    assert cgroups.read_usage({}) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a cgroup")
def test_what_a_container_uses() -> None:
    meter, deadline = Meter(), time.monotonic() + DEADLINE
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process, contained(process, ID):
        assert cgroups.container_of(process.pid) == ID
        first = meter.look({ID: process.pid}, time.time_ns() // 1_000_000)[ID]
        assert first.cpu is None
        while not (used := cgroups.usage(process.pid)) or used.cpu < 0.3 or not used.memory:
            assert time.monotonic() < deadline
        second = meter.look({ID: process.pid}, time.time_ns() // 1_000_000)[ID]
        assert second.cpu is not None
        assert 0.1 < second.cpu < 110  # of one processor, and there may be little of it for us
        assert second.memory > 0
    assert not meter.look({ID: process.pid}, time.time_ns() // 1_000_000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a cgroup namespace")
def test_in_a_cgroup_namespace_of_its_own() -> None:
    command = f"read go; exec unshare --cgroup {sys.executable} -c '{APART}' {os.getpid()}"
    process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process, contained(process, ID):
        answer, _ = process.communicate(b"go\n", timeout=DEADLINE)
    assert answer.decode() == f"'' '{ID}'\n"
