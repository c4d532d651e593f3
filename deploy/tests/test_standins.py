"""Stand-ins answer what was expected, in its order, and nothing else."""

import os
import re
import signal
from pathlib import Path

import pytest

from deploy.tests.standins import Standins
from deploy.tests.waiting import until


@pytest.fixture
def strict(tmp_path: Path) -> Standins:
    return Standins(tmp_path / "strict")


def script(standins: Standins, text: str) -> Path:
    file = standins.bin.parent / "script"
    file.write_text(f"#!/usr/bin/env bash\n{text}\n")
    file.chmod(0o755)
    return file


def test_an_expected_call_is_answered_as_it_was_told(strict: Standins) -> None:
    strict.expect("kubectl get pods --selector 'a b'", out="none\n", err="careful\n", status=3)
    done = strict.run(script(strict, "kubectl get pods --selector 'a b'"))
    assert (done.returncode, done.stdout, done.stderr) == (3, "none\n", "careful\n")
    strict.check()


@pytest.mark.parametrize(
    "call", ["kubectl get", "kubectl get pods -A", "kubectl get nodes", "kind get pods", "kubectl"]
)
def test_another_call_fails_and_the_expected_one_is_left_over(strict: Standins, call: str) -> None:
    strict.expect("kubectl get pods")
    done = strict.run(script(strict, call))
    assert done.returncode == 97
    assert f"not expected now: {call}" in done.stderr
    with pytest.raises(AssertionError, match=f"(?s)not expected: \n  {call}\nnever came: \n  kubectl get pods"):
        strict.check()


def test_a_call_that_fails_unseen_by_its_script_fails_the_test(strict: Standins) -> None:
    assert strict.run(script(strict, "docker push x || true")).returncode == 0
    with pytest.raises(AssertionError, match="docker push x"):
        strict.check()


def test_calls_come_in_their_order_but_for_those_that_may_come_at_any_time(strict: Standins) -> None:
    strict.expect("kubectl one")
    strict.expect("kubectl two")
    assert strict.run(script(strict, "kubectl two")).returncode == 97
    loose = Standins(strict.bin.parent / "loose")
    loose.expect("kubectl one", anytime=True)
    loose.expect("kubectl two")
    loose.expect("kubectl three")
    assert loose.run(script(loose, "kubectl three")).returncode == 97
    assert loose.run(script(loose, "kubectl two; kubectl one; kubectl three")).returncode == 0


def test_the_same_call_may_answer_differently_each_time(strict: Standins) -> None:
    strict.expect("kind version", out="1\n")
    strict.expect("kind version", out="2\n")
    assert strict.run(script(strict, "kind version; kind version")).stdout == "1\n2\n"


def test_a_word_may_be_a_pattern_of_the_whole_word(strict: Standins) -> None:
    strict.expect("podman", "tag", re.compile("x+"))
    assert strict.run(script(strict, "podman tag xxy")).returncode == 97
    assert strict.run(script(strict, "podman tag xxx")).returncode == 0


def test_what_a_person_types_is_for_the_script_unless_the_call_reads_it(strict: Standins) -> None:
    strict.expect("kubectl get nodes")
    strict.expect("kubectl apply -f -", reads=True)
    done = strict.run(
        script(strict, "read -r word; kubectl get nodes; echo $word | kubectl apply -f -; cat"), stdin="a\nb\n"
    )
    assert done.stdout == "b\n"
    assert [call.stdin for call in strict.made] == ["", "a\n"]


async def test_one_that_stays_runs_until_it_is_ended(strict: Standins) -> None:
    strict.expect("kubectl port-forward", out="ready\n", stays=True)
    with strict.start(script(strict, "exec kubectl port-forward")) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert process.poll() is None
        os.kill(strict.made[0].pid, signal.SIGTERM)
        await until(lambda: process.poll() == 0)


def test_nothing_else_is_on_the_path(strict: Standins) -> None:
    done = strict.run(script(strict, "command -v python3 curl grep sudo; kubectl-x"))
    assert (done.stdout, done.returncode) == ("", 127)
    strict.remove("kind", "git")
    assert strict.run(script(strict, "command -v kind git")).stdout == ""
    strict.add("helm")
    strict.expect("helm version")
    assert strict.run(script(strict, "helm version")).returncode == 0


def test_variables_are_those_of_the_test_alone(strict: Standins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/elsewhere")
    assert strict.run(script(strict, 'echo "${KUBECONFIG:-none} $SAID"'), SAID="so").stdout == "none so\n"
