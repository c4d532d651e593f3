"""Stand-ins for the programs that act on engines and clusters: strict, for every call has to be expected.

The fixture `standins` is a `PATH` that holds `docker`, `podman`, `kubectl` and `kind` as stand-ins, the machine's git,
bash, sed, awk and coreutils, and nothing else. A test says which calls it expects, in order, with what each answers:

    standins.expect("kubectl --context kind-scope get nodes", out="scope   Ready\\n")
    standins.expect("podman", "tag", re.compile("localhost/.*"), "scope/users:latest", status=1, err="no such image")
    done = standins.run(checkout / "deploy/local-k8s", "up", stdin="y\\n")
    assert done.returncode == 1

A call that is not the next expected one answers 97 and does nothing. When the test is over it fails for each such call,
and for each that was expected and never came.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.tests import standin

PROGRAMS = ("docker", "podman", "kubectl", "kind")
TOOLS = shlex.split("""
awk basename bash cat chmod comm cp cut date diff dirname env git head id ln ls mkdir mktemp mv od paste printf readlink
realpath rm rmdir sed seq sha256sum sleep sort stat tail tee test timeout touch tr uname uniq wc
""")


@dataclass(frozen=True)
class Call:
    """One that was made: the program and its arguments, the process that stood in, and what it read if it was to."""

    words: list[str]
    pid: int
    expected: bool
    stdin: str


class Standins:
    """Programs that stand in, in a folder of their own, and what is expected of them."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self._state = folder / "state.json"
        self._state.write_text(json.dumps({"expected": [], "made": []}))
        self.env = {
            "PATH": str(self.bin),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, f"this machine has no {tool}"
            (self.bin / tool).symlink_to(found)
        for program in PROGRAMS:
            self.add(program)

    def add(self, program: str) -> None:
        """Another program that is there only as a stand-in."""
        words = shlex.join([sys.executable, "-IS", standin.__file__, str(self._state), program])
        (self.bin / program).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (self.bin / program).chmod(0o755)

    def remove(self, *programs: str) -> None:
        """The machine lacks these, stand-ins or tools."""
        for program in programs:
            (self.bin / program).unlink()

    def expect(
        self,
        *words: str | re.Pattern[str],
        out: str = "",
        err: str = "",
        status: int = 0,
        reads: bool = False,
        stays: bool = False,
        anytime: bool = False,
    ) -> None:
        """The next call, as one line or word by word, of which a word may be a pattern; and what it answers.

        With `reads` it reads its standard input to the end, which `made` then has. With `stays` it runs on, having
        answered, until a signal ends it. With `anytime` other calls may come before it.
        """
        if len(words) == 1 and isinstance(words[0], str):
            words = tuple(shlex.split(words[0]))
        patterns = [re.escape(word) if isinstance(word, str) else word.pattern for word in words]
        answer = {"out": out, "err": err, "status": status, "reads": reads, "stays": stays, "anytime": anytime}
        with standin.state(self._state) as content:
            content["expected"].append({"words": patterns, **answer})

    @property
    def made(self) -> list[Call]:
        """The calls so far."""
        with standin.state(self._state) as content:
            return [Call(**call) for call in content["made"]]

    def start(self, program: Path, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """A script that runs beside the test, in a session of its own, with these environment variables.

        It hears SIGHUP even where the tests were told to ignore it, as by nohup: a shell never unlearns that.
        """
        return subprocess.Popen(
            ["env", "--default-signal=HUP", program, *arguments],
            env={**self.env, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, program: Path, *arguments: str, stdin: str = "", cwd: Path | None = None, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """What a script says and answers, given what a person types and these environment variables."""
        return subprocess.run(
            [program, *arguments],
            env={**self.env, **variables},
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def check(self) -> None:
        """Fails for each call that was not expected, and for each expected that did not come."""
        with standin.state(self._state) as content:
            left = [call["words"] for call in content["expected"]]
        unexpected = [call.words for call in self.made if not call.expected]
        assert (unexpected, left) == ([], []), f"not expected: {_lines(unexpected)}\nnever came: {_lines(left)}"


def _lines(calls: Sequence[list[str]]) -> str:
    return "".join(f"\n  {' '.join(words)}" for words in calls) or "none"


ROOT = Path(__file__).resolve().parents[2]


def checkout(folder: Path, standins: Standins) -> Path:
    """A git repository of one commit on `main` that holds the scripts, the components' names and three environments."""
    deploy = folder / "deploy"
    (deploy / "images").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/images/components", deploy / "images")
    for file in (ROOT / "deploy").iterdir():
        if file.suffix == ".sh" or (file.is_file() and not file.suffix and os.access(file, os.X_OK)):
            shutil.copy(file, deploy)
    for environment in ("base", "dev", "local", "probe", "prod"):
        manifests = deploy / "k8s" / environment
        manifests.mkdir(parents=True)
        (manifests / "kustomization.yaml").write_text("resources: []\n")
        if environment not in {"base", "probe"}:
            (manifests / "context").write_text(f"{'kind-scope' if environment == 'local' else environment}\n")
    git(folder, standins, "init", "--quiet", "--initial-branch=main")
    commit(folder, standins)
    return folder


def git(folder: Path, standins: Standins, *arguments: str) -> str:
    """What the machine's git says."""
    person = ["-c", "user.name=A person", "-c", "user.email=person@example.org"]
    command = ["git", *person, *arguments]
    return subprocess.run(
        command, cwd=folder, env=standins.env, capture_output=True, text=True, check=True
    ).stdout.strip()


def commit(folder: Path, standins: Standins) -> None:
    """All that is there is committed."""
    git(folder, standins, "add", "--all")
    git(folder, standins, "commit", "--quiet", "--allow-empty", "--message=as it is")
