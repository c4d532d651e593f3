"""The guided update: what it looks at first, and that it changes nothing unless all of that is right."""

import re
from pathlib import Path

import pytest

from deploy.tests.standins import Standins, commit, git
from deploy.tests.updating import HISTORY, QUERY, USERS, Update, kinds, manifests


@pytest.fixture
def update(checkout: Path, standins: Standins) -> Update:
    return Update(checkout, standins)


def test_what_differs_is_shown_applied_and_watched(update: Update) -> None:
    update.looked()
    update.remembered()
    update.applied()
    update.watched("deployment/query")
    done = update()
    assert done.returncode == 0
    assert "+new" in done.stderr
    assert done.stderr.index("+new") < done.stderr.index("apply -f")
    assert len(update.changed) == 1


def test_it_reminds_to_commit_and_of_the_way_to_prod(update: Update) -> None:
    update.looked()
    update.remembered()
    update.applied()
    update.watched("deployment/query")
    said = update("--yes", stdin="").stderr
    assert f"git commit -m 'Deploy query {update.tag} to dev' -- deploy/k8s/dev" in said
    assert "do not apply it yet" in said
    assert "deploy/rolling-update prod" in said


def test_neither_secrets_nor_the_job_are_checked_compared_or_applied_with_the_rest(update: Update) -> None:
    update.looked()
    update.remembered()
    update.applied()
    update.watched("deployment/query")
    update()
    applied = [call.stdin for call in update.standins.made if call.stdin]
    assert [kinds(text) for text in applied] == [
        ["ServiceAccount", "ConfigMap", "Deployment", "Deployment", "StatefulSet"]
    ] * 2


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_is_done_when_it_is_declined(update: Update, answer: str) -> None:
    update.looked()
    done = update(stdin=answer)
    assert done.returncode == 1
    assert "declined. Nothing was changed." in done.stderr


def test_nothing_is_done_where_nothing_differs(update: Update) -> None:
    update.rendered()
    update.checked()
    update.differs(status=0)
    done = update()
    assert done.returncode == 0
    assert "nothing to do" in done.stderr


def test_manifests_that_the_cluster_refuses_are_not_applied(update: Update) -> None:
    update.rendered()
    update.checked(status=1, err='unknown field "spec.replica"\n')
    done = update("--yes")
    assert done.returncode == 1
    assert 'unknown field "spec.replica"' in done.stderr
    assert "Nothing was changed" in done.stderr


def test_a_cluster_that_is_away_changes_nothing(update: Update) -> None:
    update.kube("get namespace scope-probe --ignore-not-found -o name", status=1, err="Unable to connect\n")
    done = update("--yes")
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr


def test_a_cluster_that_leaves_while_it_is_compared_changes_nothing(update: Update) -> None:
    update.rendered()
    update.checked()
    update.differs(status=2)
    done = update("--yes")
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr


def test_without_something_to_go_back_to_nothing_is_changed(update: Update) -> None:
    update.looked()
    update.kube("-n scope rollout history deployment/query", status=1, err="Unable to connect\n")
    done = update("--yes")
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr


@pytest.mark.parametrize("lacking", ["kubectl", "git", "diff"])
def test_a_program_that_is_missing_is_named(update: Update, lacking: str) -> None:
    update.standins.remove(lacking)
    done = update()
    assert done.returncode == 1
    assert f"{lacking} is needed" in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["--yes"], ["nowhere"], ["dev", "nothing"], ["dev", "--no"], ["dev", "users,query"]]
)
def test_wrong_usage_is_told(update: Update, arguments: list[str]) -> None:
    done = update.standins.run(update.program, *arguments)
    assert done.returncode == 2
    assert "--help says how it is used" in done.stderr


def test_it_asks_for_the_environment(update: Update) -> None:
    update.looked()
    done = update.standins.run(update.program, stdin="dev\nn\n")
    assert "declined" in done.stderr


def test_a_component_that_the_environment_does_not_run_is_refused(update: Update) -> None:
    update.rendered()
    done = update("probe")
    assert done.returncode == 1
    assert "dev runs no probe" in done.stderr


def test_only_named_components_are_touched_and_what_they_share(update: Update) -> None:
    update.rendered()
    update.checked()
    update.differs(QUERY)
    update.kube("-n scope rollout history deployment/query", out=HISTORY.format(4))
    update.applied("configmap/mesh-1 created\ndeployment.apps/query configured\n")
    update.watched("deployment/query")
    assert update("query").returncode == 0
    assert kinds(update.standins.made[-2].stdin) == ["ConfigMap", "Deployment"]


# The images' tags.


def test_images_of_several_states_are_refused(update: Update) -> None:
    update.rendered(manifests("main-11111111", query="main-22222222"))
    done = update("--yes")
    assert done.returncode == 1
    assert "not of one state: main-11111111 main-22222222" in done.stderr


def test_of_several_states_one_component_can_be_named(update: Update) -> None:
    update.rendered(manifests("main-11111111", query=update.tag))
    update.checked()
    update.differs(QUERY)
    assert "declined" in update("query", stdin="").stderr


@pytest.mark.parametrize("tag", ["main-00000000", "a-branch-{head}", "main-{head}-WIP"])
def test_dev_takes_what_is_not_of_main_and_says_so(update: Update, tag: str) -> None:
    tag = tag.format(head=update.tag[-8:])
    update.rendered(manifests(tag))
    update.checked()
    update.differs(QUERY)
    assert f"Beware: {tag} is no commit of main" in update(stdin="").stderr


@pytest.mark.parametrize("tag", ["main-00000000", "a-branch-{head}", "main-{head}-WIP", "latest"])
def test_prod_takes_only_commits_of_main(update: Update, tag: str) -> None:
    update.environment = "prod"
    tag = tag.format(head=update.tag[-8:])
    update.rendered(manifests(tag))
    done = update("--yes")
    assert done.returncode == 1
    assert f"{tag} is no commit of main" in done.stderr


def test_prod_refuses_a_commit_that_main_does_not_have(update: Update, checkout: Path, standins: Standins) -> None:
    git(checkout, standins, "checkout", "-q", "-b", "elsewhere")
    commit(checkout, standins)
    update.environment = "prod"
    update.rendered(manifests(f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"))
    assert "is no commit of main" in update("--yes").stderr


def test_prod_refuses_manifests_that_are_not_committed(update: Update, checkout: Path) -> None:
    (checkout / "deploy/k8s/prod/kustomization.yaml").write_text("resources: [../base]\n")
    update.environment = "prod"
    update.rendered()
    assert "this is not committed:  M deploy/k8s/prod/kustomization.yaml" in update("--yes").stderr


def test_prod_refuses_manifests_that_are_not_merged(update: Update, checkout: Path, standins: Standins) -> None:
    git(checkout, standins, "checkout", "-q", "-b", "elsewhere")
    (checkout / "deploy/k8s/prod/kustomization.yaml").write_text("resources: [../base]\n")
    commit(checkout, standins)
    update.environment = "prod"
    update.rendered()
    assert "not that of main" in update("--yes").stderr


def dev_runs(update: Update, images: str, **answer: object) -> None:
    words = ["--context", "dev", "get", "deployments,daemonsets", "--all-namespaces", "-o", re.compile("jsonpath=.*")]
    update.standins.expect("kubectl", *words, out=images, **answer)


def test_prod_refuses_what_dev_does_not_run(update: Update) -> None:
    update.environment = "prod"
    update.rendered()
    dev_runs(update, f"registry.example/scope/users:{update.tag}\nregistry.example/scope/query:main-11111111\n")
    done = update("--yes")
    assert done.returncode == 1
    assert f"dev does not run registry.example/scope/query:{update.tag}" in done.stderr


def test_prod_refuses_when_dev_is_away(update: Update) -> None:
    update.environment = "prod"
    update.rendered()
    dev_runs(update, "", status=1)
    assert "what dev runs could not be told" in update("--yes").stderr


def test_prod_takes_what_dev_runs_whatever_context_prod_has(update: Update) -> None:
    update.environment = "prod"
    update.rendered()
    dev_runs(update, "".join(f"registry.example/scope/{name}:{update.tag}\n" for name in ["users", "query"]))
    update.checked()
    update.differs(QUERY)
    update.remembered()
    update.applied()
    update.watched("deployment/query")
    done = update(SCOPE_CONTEXT="prod")
    assert done.returncode == 0
    assert "git commit" not in done.stderr


def test_a_dry_run_looks_at_all_and_changes_nothing(update: Update) -> None:
    update.looked(QUERY, USERS)
    update.remembered()
    done = update("--dry-run", stdin="")
    assert done.returncode == 0
    assert update.changed == []
    assert done.stdout.splitlines() == [
        "kubectl --context dev -n scope delete job/migrate --ignore-not-found",
        "kubectl --context dev apply -f -",
        "kubectl --context dev apply -f -",
    ]
