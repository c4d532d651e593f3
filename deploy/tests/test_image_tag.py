"""The tag of what is built: branch and commit, and whether it is work in progress."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.tests.standins import Standins, commit, git

Tag = Callable[..., str]


@pytest.fixture
def head(checkout: Path, standins: Standins) -> str:
    return git(checkout, standins, "rev-parse", "HEAD")[:8]


@pytest.fixture
def tag(checkout: Path, standins: Standins) -> Tag:
    def said(**variables: str) -> str:
        done = standins.run(checkout / "deploy/image-tag", **variables)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.rstrip("\n")

    return said


def test_it_is_branch_and_eight_digits_of_the_commit(tag: Tag, head: str) -> None:
    assert re.fullmatch("main-[0-9a-f]{8}", tag())
    assert tag() == f"main-{head}"


def test_it_is_that_of_the_scripts_repository_wherever_it_is_called(
    checkout: Path, standins: Standins, tmp_path: Path, head: str
) -> None:
    assert standins.run(checkout / "deploy/image-tag", cwd=tmp_path).stdout == f"main-{head}\n"
    assert standins.run(Path("bash"), "image-tag", cwd=checkout / "deploy").stdout == f"main-{head}\n"


def test_slashes_of_the_branch_are_dashes(checkout: Path, standins: Standins, tag: Tag, head: str) -> None:
    git(checkout, standins, "checkout", "-q", "-b", "team/fix/mail")
    assert tag() == f"team-fix-mail-{head}"


def test_what_a_tag_cannot_hold_is_replaced(checkout: Path, standins: Standins, tag: Tag, head: str) -> None:
    git(checkout, standins, "checkout", "-q", "-b", "fix#1+ü=@50%_v1.2")
    assert tag() == f"fix-1-----50-_v1.2-{head}"


def test_it_begins_as_a_tag_must(checkout: Path, standins: Standins, tag: Tag, head: str) -> None:
    git(checkout, standins, "checkout", "-q", "--detach")
    assert tag(BRANCH_NAME="-x") == f"_x-{head}"
    assert tag(BRANCH_NAME="/x") == f"_x-{head}"


@pytest.mark.parametrize("changes", ["", "-WIP"])
def test_a_long_branch_is_cut_and_never_the_state(
    checkout: Path, standins: Standins, tag: Tag, head: str, changes: str
) -> None:
    git(checkout, standins, "checkout", "-q", "-b", "b" * 200)
    if changes:
        (checkout / "new").touch()
    assert len(tag()) == 128
    assert tag().endswith(f"b-{head}{changes}")


def edited(checkout: Path) -> None:
    (checkout / "deploy/images/components").write_text("other\n")


def removed(checkout: Path) -> None:
    (checkout / "deploy/images/components").unlink()


def mode(checkout: Path) -> None:
    (checkout / "deploy/images/components").chmod(0o755)


def untracked(checkout: Path) -> None:
    (checkout / "a folder").mkdir()
    (checkout / "a folder" / "new").touch()


@pytest.mark.parametrize("change", [edited, removed, mode, untracked])
def test_what_is_not_committed_is_work_in_progress(
    checkout: Path, standins: Standins, tag: Tag, head: str, change: Callable[[Path], None]
) -> None:
    change(checkout)
    assert tag() == f"main-{head}-WIP"
    git(checkout, standins, "add", "--all")
    assert tag() == f"main-{head}-WIP"
    commit(checkout, standins)
    assert tag() == f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"


def test_untracked_files_count_though_git_was_told_not_to_show_them(
    checkout: Path, standins: Standins, tag: Tag
) -> None:
    git(checkout, standins, "config", "status.showUntrackedFiles", "no")
    (checkout / "new").touch()
    assert tag().endswith("-WIP")


def test_ignored_files_do_not_count(checkout: Path, standins: Standins, tag: Tag) -> None:
    (checkout / ".gitignore").write_text("built/\n")
    commit(checkout, standins)
    (checkout / "built").mkdir()
    (checkout / "built" / "new").touch()
    assert not tag().endswith("-WIP")


def test_without_a_branch_it_names_what_ci_says_else_detached(
    checkout: Path, standins: Standins, tag: Tag, head: str
) -> None:
    git(checkout, standins, "checkout", "-q", "--detach")
    assert tag() == f"detached-{head}"
    assert tag(GITHUB_REF_NAME="main") == f"main-{head}"
    assert tag(GITHUB_REF_NAME="7/merge", GITHUB_HEAD_REF="team/fix") == f"team-fix-{head}"
    assert tag(GITHUB_REF_NAME="7/merge", GITHUB_HEAD_REF="") == f"7-merge-{head}"
    assert tag(CI_COMMIT_REF_NAME="release/1") == f"release-1-{head}"
    assert tag(CIRCLE_BRANCH="c") == tag(BUILDKITE_BRANCH="c") == tag(BRANCH_NAME="c") == f"c-{head}"


def test_a_checked_out_branch_goes_before_what_ci_says(tag: Tag, head: str) -> None:
    assert tag(GITHUB_REF_NAME="other") == f"main-{head}"


def test_without_a_commit_there_is_no_tag(checkout: Path, standins: Standins) -> None:
    shutil.rmtree(checkout / ".git")
    done = standins.run(checkout / "deploy/image-tag")
    assert (done.returncode, done.stdout) == (1, "")
    assert "clone the repository" in done.stderr
    git(checkout, standins, "init", "-q")
    assert standins.run(checkout / "deploy/image-tag").returncode == 1


def test_without_git_it_says_so(checkout: Path, standins: Standins) -> None:
    standins.remove("git")
    done = standins.run(checkout / "deploy/image-tag")
    assert done.returncode == 1
    assert "git is needed" in done.stderr
