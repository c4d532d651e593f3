"""Exactly what was built from the tree as it is, is pushed; and nothing before all of it was found."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from deploy.tests.standins import Standins, commit, git

HUB = "registry.example/scope"


class Push:
    """deploy/push-images of a checkout, with podman."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        self.checkout = checkout
        self.standins = standins
        self.tag = f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"
        self.components = (checkout / "deploy/images/components").read_text().split()

    def __call__(self, *arguments: str, repository: str = HUB, engine: str = "podman") -> "CompletedProcess[str]":
        script = self.checkout / "deploy/push-images"
        return self.standins.run(script, *arguments, IMAGE_REPOSITORY=repository, ENGINE=engine)

    def look(self, *components: str, missing: str = "", engine: str = "podman") -> None:
        """It is expected to look for these, of which one may be missing."""
        for name in components:
            self.standins.expect(f"{engine} image inspect scope/{name}:{self.tag}", status=int(name == missing))

    def push(self, *components: str, repository: str = HUB, engine: str = "podman") -> list[str]:
        """It is expected to tag and push these; the commands."""
        targets = {name: f"{repository}/{name}:{self.tag}" for name in components}
        tagging = [f"{engine} tag scope/{name}:{self.tag} {target}" for name, target in targets.items()]
        commands = [*tagging, *(f"{engine} push {target}" for target in targets.values())]
        for command in commands:
            self.standins.expect(command)
        return commands


@pytest.fixture
def push(checkout: Path, standins: Standins) -> Push:
    return Push(checkout, standins)


def test_without_names_all_images_of_this_state_are_pushed(push: Push) -> None:
    push.look(*push.components)
    push.push(*push.components)
    assert push().returncode == 0


def test_only_named_components_are_looked_for_and_pushed(push: Push) -> None:
    push.look("users", "ui-server")
    push.push("users", "ui-server")
    done = push("users", "ui-server")
    assert done.returncode == 0
    assert f"deploy/kubeimage {HUB}/users:{push.tag}" in done.stderr


def test_either_engine_pushes_to_any_registry(push: Push) -> None:
    push.look("users", engine="docker")
    push.push("users", engine="docker", repository="localhost:5000/team/scope")
    assert push("users", engine="docker", repository="localhost:5000/team/scope").returncode == 0


@pytest.mark.parametrize("names", [[], ["users", "pipe"]])
def test_nothing_is_pushed_when_one_is_missing(push: Push, names: list[str]) -> None:
    push.look(*names or push.components, missing="pipe")
    done = push(*names)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"scope/pipe:{push.tag}" in done.stderr
    assert "make images" in done.stderr


def test_all_that_is_missing_is_named(push: Push) -> None:
    for name in ("users", "pipe"):
        push.look(name, missing=name)
    assert f"scope/users:{push.tag} scope/pipe:{push.tag}" in push("users", "pipe").stderr


@pytest.mark.parametrize("file", ["new", "deploy/images/components"])
def test_nothing_is_looked_for_or_pushed_of_a_dirty_tree(push: Push, checkout: Path, file: str) -> None:
    with (checkout / file).open("a") as stream:
        stream.write("other\n")
    done = push("users")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{push.tag}-WIP" in done.stderr
    assert push("users", "--dry-run").returncode == 1


def test_what_was_built_from_another_commit_is_not_pushed(push: Push, checkout: Path, standins: Standins) -> None:
    before = push.tag
    commit(checkout, standins)
    push.tag = f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"
    assert push.tag != before
    push.look("users", missing="users")
    assert push("users").returncode == 1


def test_a_dry_run_looks_and_prints_what_it_would_do(push: Push, standins: Standins) -> None:
    push.look("users", "probe")
    shown = push("users", "probe", "--dry-run")
    push.look("users", "probe")
    commands = push.push("users", "probe")
    assert (shown.returncode, shown.stdout.splitlines()) == (0, commands)
    assert push("users", "probe").returncode == 0


def test_a_push_that_fails_ends_it(push: Push, standins: Standins) -> None:
    push.look("users", "pipe")
    for name in ("users", "pipe"):
        standins.expect(f"podman tag scope/{name}:{push.tag} {HUB}/{name}:{push.tag}")
    standins.expect(f"podman push {HUB}/users:{push.tag}", status=125, err="unauthorized\n")
    done = push("users", "pipe")
    assert done.returncode == 125
    assert done.stderr.endswith("unauthorized\n")


def test_names_are_checked_against_the_list(push: Push) -> None:
    done = push("users", "user")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no component user" in done.stderr


def test_where_to_has_to_be_said(push: Push) -> None:
    done = push("users", repository="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "IMAGE_REPOSITORY=registry.example/scope deploy/push-images" in done.stderr


@pytest.mark.parametrize(
    "repository",
    [
        "scope",
        "team/scope",
        "https://registry.example/scope",
        f"{HUB}/",
        f"{HUB}:main",
        "Registry.example/scope",
        "a b.c",
    ],
)
def test_where_to_names_a_host_and_a_path(push: Push, repository: str) -> None:
    done = push("users", repository=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "registry.example/scope" in done.stderr


def test_help_says_how_and_does_nothing(push: Push) -> None:
    done = push("--help", repository="")
    assert done.returncode == 0
    for word in ("--dry-run", "IMAGE_REPOSITORY", "ENGINE", "COMPONENT"):
        assert word in done.stdout
