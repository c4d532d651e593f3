"""The guided update when it is under way: the migration first, and how it goes back."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.tests.standins import Standins
from deploy.tests.updating import APPLIED, HISTORY, QUERY, USERS, Update, kinds


@pytest.fixture
def update(checkout: Path, standins: Standins) -> Update:
    return Update(checkout, standins)


@pytest.fixture
def waits(standins: Standins) -> None:
    standins.remove("sleep")
    standins.add("sleep")


def test_the_database_is_migrated_before_users_changes(update: Update, waits: None) -> None:
    update.looked(QUERY, USERS)
    update.remembered()
    update.deleted()
    update.applied("job.batch/migrate created\n")
    update.migration("")
    update.standins.expect("sleep 10")
    update.migration("SuccessCriteriaMet Complete")
    update.applied(APPLIED.replace("users unchanged", "users configured"))
    update.watched("deployment/query")
    update.watched("deployment/users")
    assert update("--yes").returncode == 0
    migration = next(call.stdin for call in update.standins.made if "kind: Job" in call.stdin)
    assert kinds(migration) == ["ServiceAccount", "ConfigMap", "Job"]


def installing(update: Update) -> None:
    update.looked(QUERY, USERS)
    for name in ["deployment/query", "deployment/users", "statefulset/nats"]:
        update.kube(f"-n scope rollout history {name}", status=1, err="Error from server (NotFound)\n")
    update.applied(APPLIED.replace("unchanged", "created").replace("configured", "created"))
    update.deleted()
    update.applied("job.batch/migrate created\n")


def test_the_first_time_what_the_database_runs_on_may_come_first(update: Update) -> None:
    installing(update)
    update.migration("Complete")
    for name in ["deployment/query", "deployment/users", "statefulset/nats"]:
        update.watched(name)
    assert update("--yes").returncode == 0


def test_what_was_installed_and_not_migrated_is_named(update: Update) -> None:
    installing(update)
    update.migration("Failed")
    update.kube("-n scope logs job/migrate --tail=20", out="no such table\n")
    done = update("--yes")
    assert done.returncode == 1
    assert "NOT rolled back: deployment/query (it is new) deployment/users (it is new)" in done.stderr
    assert "Nothing" not in done.stderr


def test_a_migration_that_fails_leaves_all_as_it_was(update: Update) -> None:
    update.looked(USERS)
    update.remembered()
    update.deleted()
    update.applied("job.batch/migrate created\n")
    update.migration("FailureTarget Failed")
    update.kube("-n scope logs job/migrate --tail=20", out="no such table\n")
    done = update("--yes")
    assert done.returncode == 1
    assert "no such table" in done.stderr
    assert "Nothing else was changed" in done.stderr


def test_a_migration_that_does_not_end_leaves_all_as_it_was(update: Update, waits: None) -> None:
    script = update.program.read_text()
    assert "MIGRATION=1800 " in script
    update.program.write_text(script.replace("MIGRATION=1800 ", "MIGRATION=30 "))
    update.looked(USERS)
    update.remembered()
    update.deleted()
    update.applied("job.batch/migrate created\n")
    for _ in range(3):
        update.migration("")
        update.standins.expect("sleep 10")
    update.kube("-n scope logs job/migrate --tail=20")
    assert update("--yes").returncode == 1


EVENTS = "users-5f-x   Pulled    another's\nquery-7d-a   Failed    no such image\nquery-7d-a   BackOff   later\n"


def test_what_does_not_become_ready_is_rolled_back_with_all_that_changed_and_nothing_else(update: Update) -> None:
    update.looked(QUERY, USERS)
    update.remembered()
    update.deleted()
    update.applied("job.batch/migrate created\n")
    update.migration("Complete")
    update.applied(APPLIED.replace("users unchanged", "users configured"))
    update.watched("deployment/query", status=1)
    update.events(EVENTS)
    update.undone("deployment/query", 4)
    update.undone("deployment/users", 7)
    done = update()
    assert done.returncode == 1
    assert "query did not become ready" in done.stderr
    assert "no such image" in done.stderr
    assert "another's" not in done.stderr
    assert "git commit" not in done.stderr


def test_what_could_not_be_applied_whole_is_rolled_back(update: Update) -> None:
    update.looked()
    update.remembered()
    update.applied("deployment.apps/query configured\ndeployment.apps/users unchanged\n", status=1, err="refused\n")
    update.undone("deployment/query", 4)
    update.undone("statefulset/nats", 2)  # of which kubectl said nothing
    assert update("--yes").returncode == 1


def test_what_is_new_or_cannot_be_rolled_back_is_named(update: Update) -> None:
    update.looked(QUERY)
    update.kube("-n scope rollout history deployment/query", status=1, err="Error from server (NotFound)\n")
    for name in ["deployment/users", "statefulset/nats"]:
        update.kube(f"-n scope rollout history {name}", out=HISTORY.format(3))
    update.applied(APPLIED.replace("query configured", "query created").replace("nats unchanged", "nats configured"))
    update.watched("deployment/query", status=1)
    update.events()
    update.undone("statefulset/nats", 3, status=1)
    done = update("--yes")
    assert done.returncode == 1
    assert "NOT rolled back: deployment/query (it is new) statefulset/nats" in done.stderr


def by_terminal(process: "subprocess.Popen[str]") -> None:
    os.killpg(process.pid, signal.SIGINT)


def by_supervisor(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("end", [by_terminal, by_supervisor])
def test_who_ends_the_watching_rolls_back(update: Update, end: Callable[["subprocess.Popen[str]"], None]) -> None:
    update.looked()
    update.remembered()
    update.applied()
    update.watched("deployment/query", stays=True)
    update.events(EVENTS)
    update.undone("deployment/query", 4)
    process = update.standins.start(update.program, "dev", "--yes")
    until(lambda: "status" in update.standins.made[-1].words if update.standins.made else False)
    end(process)
    _, said = process.communicate(timeout=60)  # which is over only when the watcher is
    assert process.returncode == 1
    assert "rolled back: ended by you" in said


def test_who_ends_the_question_changes_nothing(update: Update) -> None:
    update.looked()
    process = update.standins.start(update.program, "dev")
    assert process.stderr
    until(lambda: "diff" in update.standins.made[-1].words if update.standins.made else False)
    while "+new" not in process.stderr.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Nothing was changed" in said


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "too late"
        time.sleep(0.01)
