"""What the scripts have in common: help, the dry run, engines, components, environments and their clusters."""

from pathlib import Path

import pytest

from deploy.tests.standins import Standins

HEAD = """#!/usr/bin/env bash
# usage: deploy/thing [NAME...]
#
# Does things.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"""


class Thing:
    """A script of the checkout's that does what a test writes."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        self.file = checkout / "deploy/thing"
        self.standins = standins

    def __call__(self, text: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
        self.file.write_text(f"{HEAD}{text}\n")
        self.file.chmod(0o755)
        done = self.standins.run(self.file, *arguments, **variables)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def thing(checkout: Path, standins: Standins) -> Thing:
    return Thing(checkout, standins)


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_the_scripts_first_comment_and_nothing_is_done(thing: Thing, flag: str) -> None:
    helped = "usage: deploy/thing [NAME...]\n\nDoes things.\n"
    assert thing('arguments "$@"; docker push', "name", flag) == (0, helped, "")


def test_unknown_options_are_wrong_usage(thing: Thing) -> None:
    status, out, said = thing('arguments "$@"; docker push', "--dryrun")
    assert (status, out) == (2, "")
    assert said == "deploy/thing: there is no option --dryrun.\ndeploy/thing --help says how it is used.\n"


def test_a_script_has_options_of_its_own(thing: Thing) -> None:
    own = 'option() { [[ $1 == --all ]] && ALL=yes; }; arguments "$@"; echo "${ALL:-no} ${ARGUMENTS[*]}"'
    assert thing(own, "a", "--all", "b") == (0, "yes a b\n", "")
    assert thing(own, "a") == (0, "no a\n", "")
    assert thing(own, "--some")[0] == 2


def test_a_dry_run_prints_what_would_be_done_as_one_could_type_it(thing: Thing, standins: Standins) -> None:
    text = 'arguments "$@"; run podman tag "a b" "c:1"; kubectl get nodes'
    standins.expect("kubectl get nodes")
    assert thing(text, "--dry-run") == (0, "podman tag a\\ b c:1\n", "")
    standins.expect("podman", "tag", "a b", "c:1", out="done\n")
    standins.expect("kubectl get nodes")
    assert thing(text) == (0, "done\n", "podman tag a\\ b c:1\n")


def test_what_fails_ends_the_script(thing: Thing, standins: Standins) -> None:
    standins.expect("podman tag", status=5)
    assert thing("run podman tag; echo more") == (5, "", "podman tag\n")
    standins.expect("podman ps", status=4)
    assert thing("podman ps | cat; echo more")[:2] == (4, "")


def test_refusing_is_1_and_says_why(thing: Thing) -> None:
    assert thing("refuse not now: wait") == (1, "", "deploy/thing: not now: wait\n")


def test_a_needed_program_that_is_missing_is_named(thing: Thing, standins: Standins) -> None:
    assert thing("need git kind; echo there") == (0, "there\n", "")
    standins.remove("kind")
    status, _, said = thing("need git kind; echo there")
    assert status == 1
    assert "kind is needed" in said


ENGINE = 'choose_engine; echo "$ENGINE"'


def test_the_engine_is_the_one_that_is_there(thing: Thing, standins: Standins) -> None:
    standins.remove("docker")
    assert thing(ENGINE)[:2] == (0, "podman\n")
    standins.add("docker")
    standins.remove("podman")
    assert thing(ENGINE)[:2] == (0, "docker\n")


@pytest.mark.parametrize(("status", "engine"), [(0, "docker"), (1, "podman")])
def test_of_two_engines_docker_is_taken_if_its_daemon_answers(
    thing: Thing, standins: Standins, status: int, engine: str
) -> None:
    standins.expect("docker info", status=status)
    assert thing(ENGINE)[:2] == (0, f"{engine}\n")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_the_variable_says_which_engine(thing: Thing, engine: str) -> None:
    assert thing(ENGINE, ENGINE=engine)[:2] == (0, f"{engine}\n")


def test_an_engine_that_is_none_or_not_there_is_refused(thing: Thing, standins: Standins) -> None:
    assert thing(ENGINE, ENGINE="nerdctl")[0] == 2
    standins.remove("docker")
    status, _, said = thing(ENGINE, ENGINE="docker")
    assert status == 1
    assert "docker is not on PATH" in said
    standins.remove("podman")
    assert thing(ENGINE)[0] == 1


def test_components_are_all_or_those_named(thing: Thing, checkout: Path) -> None:
    text = 'arguments "$@"; choose_components "${ARGUMENTS[@]}"; echo "${COMPONENTS[*]}"'
    names = (checkout / "deploy/images/components").read_text().split()
    assert thing(text)[1].split() == names
    assert thing(text, "users", "ui-server")[1] == "users ui-server\n"
    assert thing(text, "users collection")[0] == 2
    status, out, said = thing(text, "users", "user")
    assert (status, out) == (2, "")
    assert "no component user" in said
    assert " ".join(names) in said


CLUSTER = 'arguments "$@"; choose_environment "${ARGUMENTS[@]}"; choose_context; kube get nodes'


@pytest.mark.parametrize(("environment", "context"), [("local", "kind-scope"), ("dev", "dev"), ("prod", "prod")])
def test_an_environments_cluster_is_named_beside_its_manifests(
    thing: Thing, standins: Standins, environment: str, context: str
) -> None:
    standins.expect(f"kubectl --context {context} get nodes", out="one\n")
    assert thing(CLUSTER, environment) == (0, "one\n", "")


def test_a_variable_goes_before_what_is_written(thing: Thing, standins: Standins) -> None:
    standins.expect("kubectl --context other get nodes")
    assert thing(CLUSTER, "prod", SCOPE_CONTEXT="other")[0] == 0


@pytest.mark.parametrize("written", [None, "", " \n"])
def test_no_cluster_is_guessed(thing: Thing, checkout: Path, written: str | None) -> None:
    file = checkout / "deploy/k8s/prod/context"
    file.unlink()
    if written is not None:
        file.write_text(written)
    status, _, said = thing(CLUSTER, "prod")
    assert status == 1
    assert "deploy/k8s/prod/context" in said
    assert "SCOPE_CONTEXT" in said


@pytest.mark.parametrize("environment", ["", "base", "probe", "staging", "../k8s/dev", "dev local"])
def test_only_environments_that_have_manifests_are_taken(thing: Thing, environment: str) -> None:
    status, _, said = thing(CLUSTER, environment)
    assert status == 2
    assert "dev local prod" in said


def test_what_environments_share_is_none(thing: Thing, checkout: Path) -> None:
    (checkout / "deploy/k8s/public").mkdir()
    (checkout / "deploy/k8s/public/kustomization.yaml").write_text("kind: Component\n")
    status, _, said = thing(CLUSTER, "public")
    assert status == 2
    assert "there are dev local prod." in said


def test_an_operator_adds_environments(thing: Thing, standins: Standins, checkout: Path) -> None:
    staging = checkout / "deploy/k8s/staging"
    staging.mkdir()
    (staging / "kustomization.yaml").touch()
    standins.expect("kubectl --context c get nodes")
    assert thing(CLUSTER, "staging", SCOPE_CONTEXT="c")[0] == 0
