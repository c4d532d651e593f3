"""Repository against cluster: what is printed and written, and that nothing secret is in it."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.tests.standins import Standins

MANIFESTS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: mesh
---
apiVersion: v1
kind: Secret
metadata:
  name: users
stringData:
  password: hidden-from-all
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
"""
DIFFERENCE = """\
diff -u -N /tmp/LIVE-1/apps.v1.Deployment.scope.users /tmp/MERGED-2/apps.v1.Deployment.scope.users
--- /tmp/LIVE-1/apps.v1.Deployment.scope.users\t2026-01-01
+++ /tmp/MERGED-2/apps.v1.Deployment.scope.users\t2026-01-01
@@ -1,3 +1,3 @@
 a: 1
-image: <b>old & "worn"</b>
+image: new
diff -u -N /tmp/LIVE-1/v1.Service.scope.users /tmp/MERGED-2/v1.Service.scope.users
--- /tmp/LIVE-1/v1.Service.scope.users\t2026-01-01
+++ /tmp/MERGED-2/v1.Service.scope.users\t2026-01-01
@@ -1 +1 @@
-port: 1
+port: 2
"""


class Kubediff:
    """The script, and a cluster that answers so."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        self.program = checkout / "deploy/kubediff"
        self.standins = standins

    def expect(self, status: int = 0, out: str = "", err: str = "", context: str = "dev", folder: str = "dev") -> None:
        self.standins.expect(f"kubectl --context {context} get namespace scope-probe --ignore-not-found -o name")
        self.standins.expect("kubectl", "kustomize", re.compile(f".*/deploy/k8s/{folder}"), out=MANIFESTS)
        self.standins.expect(
            "kubectl", "--context", context, "diff", "-f", "-", out=out, err=err, status=status, reads=True
        )

    def __call__(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return self.standins.run(self.program, *arguments, **variables)


@pytest.fixture
def kubediff(checkout: Path, standins: Standins) -> Kubediff:
    return Kubediff(checkout, standins)


def test_nothing_is_printed_where_the_cluster_is_as_written(kubediff: Kubediff) -> None:
    kubediff.expect()
    done = kubediff("dev")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "dev runs what deploy/k8s/dev says.\n"


def test_what_differs_is_printed(kubediff: Kubediff) -> None:
    kubediff.expect(1, DIFFERENCE)
    done = kubediff("dev")
    assert (done.returncode, done.stdout) == (1, DIFFERENCE)
    assert "objects that differ: 2." in done.stderr


def test_secrets_and_jobs_are_not_compared(kubediff: Kubediff) -> None:
    kubediff.expect()
    kubediff("dev")
    compared = kubediff.standins.made[-1].stdin
    assert re.findall("^kind: (.*)$", compared, re.MULTILINE) == ["ConfigMap"]
    assert "hidden-from-all" not in compared


def test_probes_are_compared_where_the_cluster_has_some(kubediff: Kubediff, standins: Standins) -> None:
    standins.expect(
        "kubectl --context dev get namespace scope-probe --ignore-not-found -o name", out="namespace/scope-probe\n"
    )
    standins.expect("kubectl", "kustomize", re.compile(".*/deploy/k8s/dev"), out=MANIFESTS)
    standins.expect("kubectl", "kustomize", re.compile(".*/deploy/k8s/probe/dev"), out="kind: DaemonSet\n")
    standins.expect("kubectl --context dev diff -f -", reads=True)
    assert kubediff("dev").returncode == 0
    assert re.findall("^kind: (.*)$", standins.made[-1].stdin, re.MULTILINE) == ["ConfigMap", "DaemonSet"]


def test_the_local_cluster_is_asked_by_its_own_kubeconfig(
    kubediff: Kubediff, checkout: Path, standins: Standins
) -> None:
    (checkout / "deploy/k8s/local/kubeconfig").touch()
    seen = standins.bin / "kubectl"
    shutil.move(seen, standins.bin / "kubectl-standin")
    seen.write_text('#!/bin/sh\necho "$KUBECONFIG" >>"$HOME/seen"\nexec kubectl-standin "$@"\n')
    seen.chmod(0o755)
    kubediff.expect(context="kind-scope", folder="local")
    assert kubediff("local").returncode == 0
    assert set((standins.bin.parent / "seen").read_text().splitlines()) == {
        str(checkout / "deploy/k8s/local/kubeconfig")
    }


@pytest.mark.parametrize("status", [1, 2, 97])
def test_a_cluster_that_is_away_is_not_a_difference(kubediff: Kubediff, status: int) -> None:
    kubediff.expect(status, err="Unable to connect to the server\n")
    done = kubediff("dev")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Unable to connect" in done.stderr
    assert "could not be told" in done.stderr


def test_manifests_that_cannot_be_rendered_are_not_compared(kubediff: Kubediff, standins: Standins) -> None:
    standins.expect("kubectl --context dev get namespace scope-probe --ignore-not-found -o name")
    standins.expect("kubectl", "kustomize", re.compile(".*"), err="no such file\n", status=1)
    done = kubediff("dev")
    assert done.returncode == 2
    assert "no such file" in done.stderr


def test_a_cluster_that_does_not_answer_is_not_compared(kubediff: Kubediff, standins: Standins) -> None:
    standins.expect("kubectl", "--context", "dev", "get", *[re.compile(".*")] * 5, err="refused\n", status=1)
    assert kubediff("dev").returncode == 2


@pytest.mark.parametrize("lacking", ["kubectl", "diff"])
def test_a_program_that_is_missing_is_named(kubediff: Kubediff, standins: Standins, lacking: str) -> None:
    standins.remove(lacking)
    done = kubediff("dev")
    assert done.returncode == 2
    assert f"{lacking} is needed" in done.stderr


def test_an_unknown_cluster_is_asked_for(kubediff: Kubediff, checkout: Path) -> None:
    (checkout / "deploy/k8s/dev/context").unlink()
    done = kubediff("dev")
    assert done.returncode == 2
    assert "deploy/k8s/dev/context" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["dev", "prod"], ["dev", "--every", "0"], ["dev", "--write"]])
def test_wrong_usage_is_told(kubediff: Kubediff, arguments: list[str]) -> None:
    done = kubediff(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--help says how it is used" in done.stderr


def test_the_page_is_escaped_and_says_when(kubediff: Kubediff, tmp_path: Path) -> None:
    kubediff.expect(1, DIFFERENCE)
    done = kubediff("dev", "--write", str(tmp_path / "a page"))
    assert (done.returncode, done.stdout) == (1, "")
    page = (tmp_path / "a page/index.html").read_text()
    assert "<del>-image: &lt;b&gt;old &amp; &quot;worn&quot;&lt;/b&gt;</del>" in page
    assert "<ins>+port: 2</ins>" in page
    assert re.findall("<h2>(.*)</h2>", page) == ["apps.v1.Deployment.scope.users", "v1.Service.scope.users"]
    assert "LIVE" not in page
    when = re.search("<time>(.*)</time>", page)
    assert when
    assert abs(time.time() - _seconds(when[1])) < 60
    assert page.count("<pre>") == page.count("</pre>") == 2


def _seconds(moment: str) -> float:
    return float(subprocess.check_output(["date", "-d", moment, "+%s"], text=True))


def test_the_metrics_say_what_was_found_and_when(kubediff: Kubediff, tmp_path: Path) -> None:
    kubediff.expect(1, DIFFERENCE)
    kubediff("dev", f"--write={tmp_path}")
    values = metrics(tmp_path)
    assert values["differences"] == 2
    assert values["exit_status"] == 1
    assert abs(time.time() - values["last_run_timestamp_seconds"]) < 60


def metrics(folder: Path) -> dict[str, float]:
    text = (folder / "kubediff.prom").read_text()
    values = dict(re.findall(r'^scope_kubediff_(\w+)\{env="dev"\} (\d+)$', text, re.MULTILINE))
    for name in values:
        assert f"# TYPE scope_kubediff_{name} gauge\n" in text
    assert len(text.splitlines()) == 3 * len(values)
    return {name: float(value) for name, value in values.items()}


def test_what_could_not_be_told_is_said_and_has_no_number(kubediff: Kubediff, tmp_path: Path) -> None:
    kubediff.expect(2, err="<refused>\n")
    assert kubediff("dev", "--write", str(tmp_path)).returncode == 2
    assert "&lt;refused&gt;" in (tmp_path / "index.html").read_text()
    values = metrics(tmp_path)
    assert set(values) == {"exit_status", "last_run_timestamp_seconds"}
    assert values["exit_status"] == 2


def test_a_reader_never_sees_half_a_page(kubediff: Kubediff, tmp_path: Path) -> None:
    kubediff.expect()
    kubediff("dev", "--write", str(tmp_path / "page"))
    with (tmp_path / "page/index.html").open() as before:
        kubediff.expect(1, DIFFERENCE)
        kubediff("dev", "--write", str(tmp_path / "page"))
        assert "dev runs what" in before.read()  # what was opened is still the one before
    assert "dev differs" in (tmp_path / "page/index.html").read_text()
    assert sorted(file.name for file in (tmp_path / "page").iterdir()) == ["index.html", "kubediff.prom"]


def test_a_folder_that_cannot_be_written_is_told(kubediff: Kubediff, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kubediff.expect()
    done = kubediff("dev", "--write", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "cannot be written to" in done.stderr


def test_a_dry_run_writes_nothing(kubediff: Kubediff, tmp_path: Path) -> None:
    kubediff.expect(1, DIFFERENCE)
    done = kubediff("dev", "--dry-run", "--write", str(tmp_path / "page"))
    assert (done.returncode, done.stdout) == (1, DIFFERENCE)
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_looks_again_until_it_is_ended(
    kubediff: Kubediff, standins: Standins, tmp_path: Path, number: signal.Signals
) -> None:
    standins.remove("sleep")
    standins.add("sleep")
    kubediff.expect(1, DIFFERENCE)
    standins.expect("sleep 60")
    kubediff.expect(2, err="away\n")
    standins.expect("sleep 60")
    kubediff.expect()
    standins.expect("sleep 60", stays=True)
    process = standins.start(kubediff.program, "dev", "--write", str(tmp_path), "--every", "60")
    until(lambda: len(standins.made) == 12)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert metrics(tmp_path)["exit_status"] == 0
    assert [line.split()[1] for line in said.splitlines() if "deploy/k8s" in line] == ["differs", "dev", "runs"]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "too late"
        time.sleep(0.01)
