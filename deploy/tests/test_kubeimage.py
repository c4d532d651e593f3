"""An image's name in manifests is set as a person would set it."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from deploy.tests.standins import Standins

NEW = "registry.example/scope/users:main-1ac98329"
BEFORE = """# Two of them. image: registry.example/scope/users:main-00000000
spec:
  containers:
    - name: users # who
      image: "registry.example/scope/users:main-00000000"   # tested
    - image: registry.example/scope/users-more:main-00000000
    - image: registry-example/scope/users:main-00000000
    - image: registry.example/scope/users@sha256:{digest}
""".format(digest="0" * 64)
AFTER = """# Two of them. image: registry.example/scope/users:main-00000000
spec:
  containers:
    - name: users # who
      image: "registry.example/scope/users:main-1ac98329"   # tested
    - image: registry.example/scope/users-more:main-00000000
    - image: registry-example/scope/users:main-00000000
    - image: registry.example/scope/users:main-1ac98329
"""

Kubeimage = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def kubeimage(checkout: Path, standins: Standins) -> Kubeimage:
    return lambda *words: standins.run(checkout / "deploy/kubeimage", *map(str, words))


@pytest.fixture
def users(tmp_path: Path) -> Path:
    (tmp_path / "users.yaml").write_text(BEFORE)
    return tmp_path / "users.yaml"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    (tmp_path / "other.yaml").write_text("image: registry.example/scope/query:main-00000000\n")
    return tmp_path / "other.yaml"


def test_every_mention_is_set_and_nothing_else_changes(kubeimage: Kubeimage, users: Path, other: Path) -> None:
    users.chmod(0o640)
    done = kubeimage(NEW, users, other, users.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert users.read_text() == AFTER
    assert users.stat().st_mode & 0o777 == 0o640
    assert other.read_text() == "image: registry.example/scope/query:main-00000000\n"


def test_the_difference_is_printed_and_a_dry_run_does_no_more(kubeimage: Kubeimage, users: Path) -> None:
    dry = kubeimage("--dry-run", NEW, users)
    assert dry.returncode == 0
    assert f'+      image: "{NEW}"   # tested\n' in dry.stdout
    assert users.read_text() == BEFORE
    assert kubeimage(NEW, users).stdout == dry.stdout


def test_a_digest_is_set_with_or_without_a_tag(kubeimage: Kubeimage, users: Path) -> None:
    for image in (f"registry.example/scope/users@sha256:{'1' * 64}", f"{NEW}@sha256:{'2' * 64}", NEW):
        assert kubeimage(image, users).returncode == 0
        assert users.read_text().count(image) == 2
    assert users.read_text() == AFTER


def test_what_is_so_already_is_said(kubeimage: Kubeimage, users: Path) -> None:
    kubeimage(NEW, users)
    again = kubeimage(NEW, users)
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == f"nothing to change: {users} name {NEW} already.\n"


def test_where_no_file_names_it_nothing_changes_and_what_they_name_is_said(
    kubeimage: Kubeimage, users: Path, other: Path
) -> None:
    refused = kubeimage("registry.example/scope/pipe:main-1ac98329", users, other)
    assert refused.returncode == 1
    assert "none of these files names registry.example/scope/pipe; they name" in refused.stderr
    assert "registry.example/scope/query:main-00000000" in refused.stderr
    assert users.read_text() == BEFORE
    assert "they name no image." in kubeimage(NEW, users.parent).stderr


def test_a_file_that_is_not_there_changes_none(kubeimage: Kubeimage, users: Path) -> None:
    refused = kubeimage(NEW, users, users.with_name("missing.yaml"))
    assert refused.returncode == 1
    assert "missing.yaml cannot be read" in refused.stderr
    assert users.read_text() == BEFORE


@pytest.mark.parametrize("image", ["registry.example/scope/users", "users:a%b", "Users:1", "users:", "users@sha256:12"])
def test_what_is_no_image_with_a_tag_is_refused(kubeimage: Kubeimage, users: Path, image: str) -> None:
    refused = kubeimage(image, users)
    assert refused.returncode == 2
    assert f"{image} is no image with a tag" in refused.stderr
    assert users.read_text() == BEFORE


@pytest.mark.parametrize("words", [[], [NEW], [NEW, "a", "--force"]])
def test_it_says_how_it_is_used(kubeimage: Kubeimage, words: list[str]) -> None:
    assert kubeimage(*words).returncode == 2
    assert kubeimage("--help").stdout.startswith("usage: deploy/kubeimage [--dry-run] IMAGE FILE...\n")
