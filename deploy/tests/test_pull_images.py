"""What an environment runs is pulled, and becomes what `local` runs."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from deploy.tests.standins import Standins

HUB = "registry.example/scope"
TAG = "main-1ac98329"


def manifests(*images: str) -> str:
    """Manifests with a container for each of these, as kubectl prints them."""
    containers = "".join(f"      - name: c\n        image: {image}\n" for image in images)
    return f"kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n{containers}"


class Pull:
    """deploy/pull-images of a checkout, with podman."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        self.checkout = checkout
        self.standins = standins

    def __call__(self, *arguments: str, **variables: str) -> "CompletedProcess[str]":
        script = self.checkout / "deploy/pull-images"
        return self.standins.run(script, *arguments, **{"ENGINE": "podman", **variables})

    def render(self, environment: str, *images: str) -> None:
        """kubectl is expected to render manifests that name these."""
        self.standins.expect(
            "kubectl", "kustomize", f"{self.checkout}/deploy/k8s/{environment}", out=manifests(*images)
        )

    def expect(self, *commands: str) -> list[str]:
        for command in commands:
            self.standins.expect(command)
        return [*commands]


@pytest.fixture
def pull(checkout: Path, standins: Standins) -> Pull:
    return Pull(checkout, standins)


def test_what_the_manifests_name_is_pulled_then_tagged(pull: Pull) -> None:
    pull.render("dev", f"{HUB}/users:{TAG}", f"{HUB}/ui-server:main-2f7231ca")
    pull.expect(
        f"podman pull {HUB}/ui-server:main-2f7231ca",
        f"podman pull {HUB}/users:{TAG}",
        f"podman tag {HUB}/ui-server:main-2f7231ca scope/ui-server:latest",
        f"podman tag {HUB}/users:{TAG} scope/users:latest",
    )
    assert pull("dev").returncode == 0


def test_the_probes_are_among_them(pull: Pull, checkout: Path) -> None:
    (checkout / "deploy/k8s/probe/prod").mkdir()
    pull.render("prod", f"{HUB}/users:{TAG}")
    pull.render("probe/prod", f"{HUB}/probe:{TAG}", f"{HUB}/probe:{TAG}")
    pull.expect(
        f"podman pull {HUB}/users:{TAG}",
        f"podman pull {HUB}/probe:{TAG}",
        f"podman tag {HUB}/users:{TAG} scope/users:latest",
        f"podman tag {HUB}/probe:{TAG} scope/probe:latest",
    )
    assert pull("prod").returncode == 0


def test_each_is_pulled_once_and_images_of_others_are_not(pull: Pull) -> None:
    users = f"{HUB}/users:{TAG}"
    pull.render("dev", users, f'"{users}"', "docker.io/library/nats:2.11", f"{HUB}/users-extra:1", "postgres")
    pull.expect(f"podman pull {users}", f"podman tag {users} scope/users:latest")
    assert pull("dev").returncode == 0


def test_an_image_may_be_named_by_its_digest(pull: Pull) -> None:
    users = f"{HUB}/users@sha256:{'0' * 64}"
    pull.render("dev", users)
    pull.expect(f"podman pull {users}", f"podman tag {users} scope/users:latest")
    assert pull("dev").returncode == 0


def test_a_mirror_is_pulled_from_instead(pull: Pull) -> None:
    pull.render("dev", f"{HUB}/users:{TAG}")
    mirrored = f"mirror.example:5000/users:{TAG}"
    pull.expect(f"docker pull {mirrored}", f"docker tag {mirrored} scope/users:latest")
    assert pull("dev", IMAGE_REPOSITORY="mirror.example:5000", ENGINE="docker").returncode == 0
    assert pull("dev", IMAGE_REPOSITORY="mirror").returncode == 2


def test_a_dry_run_prints_what_it_would_do(pull: Pull) -> None:
    pull.render("dev", f"{HUB}/users:{TAG}")
    shown = pull("dev", "--dry-run")
    pull.render("dev", f"{HUB}/users:{TAG}")
    commands = pull.expect(f"podman pull {HUB}/users:{TAG}", f"podman tag {HUB}/users:{TAG} scope/users:latest")
    assert (shown.returncode, shown.stdout.splitlines()) == (0, commands)
    assert pull("dev").returncode == 0


def test_nothing_is_tagged_when_one_cannot_be_pulled(pull: Pull, standins: Standins) -> None:
    pull.render("dev", f"{HUB}/users:{TAG}", f"{HUB}/pipe:{TAG}")
    standins.expect(f"podman pull {HUB}/users:{TAG}")
    standins.expect(f"podman pull {HUB}/pipe:{TAG}", status=125)
    assert pull("dev").returncode == 125


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (["scope/users:latest"], "make images"),
        ([f"{HUB}/users:main-00000000"], "deploy/kubeimage"),
        ([f"{HUB}/users:{TAG}", f"{HUB}/users:main-2f7231ca"], "which is to be latest"),
        (["docker.io/library/nats:2.11"], "no image of ours"),
    ],
)
def test_it_refuses_what_it_cannot_pull(pull: Pull, images: list[str], says: str) -> None:
    pull.render("dev", *images)
    done = pull("dev")
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr


@pytest.mark.parametrize("broken", ["prod", "probe/prod"])
def test_manifests_that_cannot_be_rendered_end_it(pull: Pull, checkout: Path, standins: Standins, broken: str) -> None:
    (checkout / "deploy/k8s/probe/prod").mkdir()
    if broken != "prod":
        pull.render("prod", f"{HUB}/users:{TAG}")
    standins.expect("kubectl", "kustomize", f"{checkout}/deploy/k8s/{broken}", status=1, err="no such file\n")
    done = pull("prod")
    assert (done.returncode, done.stderr) == (1, "no such file\n")


@pytest.mark.parametrize("arguments", [[], ["staging"], ["dev", "prod"], ["--all", "dev"]])
def test_one_environment_is_named(pull: Pull, arguments: list[str]) -> None:
    assert pull(*arguments).returncode == 2


def test_help_says_how_and_does_nothing(pull: Pull) -> None:
    done = pull("--help")
    assert done.returncode == 0
    for word in ("ENV", "--dry-run", "IMAGE_REPOSITORY", "ENGINE", "latest"):
        assert word in done.stdout
