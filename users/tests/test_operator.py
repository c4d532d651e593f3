"""What an operator does with people, organizations and the audit, in the program that they run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from users.cli import app
from users.migrations import migrate

Run = Callable[..., Result]

_PROGRAM = str(Path(sys.executable).with_name("scope-users"))


@pytest.fixture
def run(postgres_url: str) -> Run:
    """Runs the command in this process, on a database with `boss`, who administers it and an organization, `acme`."""
    migrate(postgres_url)
    environment = {"DATABASE_URL": postgres_url, "PUBLIC_URL": "https://scope.example", "TZ": "UTC"}

    def run(*arguments: str, code: int = 0, **more: Any) -> Result:
        done = CliRunner().invoke(app, arguments, env=environment, **more)
        assert done.exit_code == code, done.output
        assert not done.exception or isinstance(done.exception, SystemExit)
        return done

    run("create-admin", "boss@example.org")
    run("create-organization", "acme", "--admin", "boss@example.org")
    return run


def _json(run: Run, *arguments: str) -> Any:
    return json.loads(run(*arguments, "--output", "json").stdout)


def _waits(url: str, *emails: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for email in emails:
            connection.execute("INSERT INTO users (id, email, admin) VALUES (md5(%s), %s, false)", [email, email])


def test_the_first_administrator(run: Run) -> None:
    link = run("create-admin", " Ann@Example.org").stdout
    assert link.startswith("https://scope.example/#/login/scope_login_")
    assert link.count("\n") == 1
    answer = _json(run, "create-admin", "ann@example.org")
    assert list(answer) == ["login_url", "email"]
    assert answer["email"] == "ann@example.org"
    (ann,) = _json(run, "people", "list", "--search", "ann@")["people"]
    assert ann["admin"]
    assert ann["approved"]


def test_people_as_the_api_answers_them(run: Run, postgres_url: str) -> None:
    _waits(postgres_url, "ann@example.org")
    answer = _json(run, "people", "list")
    assert answer.keys() == {"people", "nextPageToken", "total"}
    assert (answer["nextPageToken"], answer["total"]) == ("", 2)
    waits, boss = answer["people"]
    assert waits.keys() == {"id", "email", "created", "admin", "disabledReason", "organizations"}
    assert boss.keys() - waits.keys() == {"approved"}
    assert boss["organizations"] == [{"id": "acme", "name": "acme", "role": "admin", "permissions": []}]
    assert boss["created"].endswith("Z")


def test_people_in_a_table(run: Run, postgres_url: str) -> None:
    long = f"{'x' * 60}@{'y' * 60}.example.org"
    _waits(postgres_url, "ann@example.org", long)
    run("people", "disable", "ann@example.org", "--reason", "left in May")
    shown = run("people", "list").stdout
    assert [line.split()[0] for line in shown.splitlines()] == ["ADDRESS", long, "ann@example.org", "boss@example.org"]
    for said in ("ADDRESS", "boss@example.org", "administrator", "disabled:", "left", "May", "waits", "acme (admin)"):
        assert said in shown
    assert shown.count("x") >= 60
    assert "2 of 3 people; --limit 3" in run("people", "list", "--limit", "2").stdout
    assert run("people", "list", "--search", "nobody").stdout == "there are no such people\n"


def test_who_waits_is_approved_and_sent_a_link_once(run: Run, postgres_url: str) -> None:
    _waits(postgres_url, "ann@example.org")
    assert [one["email"] for one in _json(run, "people", "list", "--waiting")["people"]] == ["ann@example.org"]
    assert "ann@example.org may sign in" in run("approve", "Ann@example.org").stdout
    first = _json(run, "approve", "ann@example.org")
    assert first["approved"] == _json(run, "approve", "ann@example.org")["approved"]
    assert _json(run, "people", "list", "--waiting")["people"] == []
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT recipient FROM outbox").fetchall() == [("ann@example.org",)]


def test_more_people_than_a_page_has(run: Run, postgres_url: str) -> None:
    _waits(postgres_url, *(f"p{number}@example.org" for number in range(1_100)))
    assert len(_json(run, "people", "list", "--search", "p", "--limit", "5000")["people"]) == 1_101
    assert len(_json(run, "people", "list", "--limit", "1050")["people"]) == 1_050


def test_disabling_and_administering(run: Run, postgres_url: str) -> None:
    _waits(postgres_url, "ann@example.org")
    person = _json(run, "people", "disable", "ann@example.org", "--reason", "left")
    assert (person["disabledReason"], "disabled" in person) == ("left", True)
    assert "disabled" not in _json(run, "people", "enable", "ann@example.org")
    assert "ann@example.org waits for approval" in run("login-link", "ann@example.org", code=1).stderr
    made = _json(run, "people", "make-admin", "ann@example.org")
    assert (made["admin"], "approved" in made) == (True, True)
    assert not _json(run, "people", "clear-admin", "ann@example.org")["admin"]
    assert "ann@example.org administers" in run("people", "make-admin", "ann@example.org").stdout
    events = _json(run, "audit", "list", "--subject", person["id"])["events"]
    (approved,) = [event for event in events if event["action"] == "admin:user:approve"]
    events.remove(approved)
    assert [(event["action"], event["actor"], event["before"]) for event in reversed(events)] == [
        ("admin:user:disable", "operator", {"disabled": False, "reason": None}),
        ("admin:user:enable", "operator", {"disabled": True, "reason": "left"}),
        ("admin:user:set_administrator", "operator", {"admin": False}),
        ("admin:user:set_administrator", "operator", {"admin": True}),
        ("admin:user:set_administrator", "operator", {"admin": False}),
    ]


def test_organizations_as_the_api_answers_them(run: Run) -> None:
    answer = _json(run, "organizations", "list")
    assert answer.keys() == {"organizations", "nextPageToken", "total"}
    (acme,) = answer["organizations"]
    assert acme.keys() == {
        "id",
        "name",
        "created",
        "members",
        "probeTokens",
        "limits",
        "refusal",
        "internalId",
    }
    assert (acme["members"], acme["probeTokens"], acme["limits"]) == (1, 1, {})
    assert acme["refusal"] == {"access": False, "upload": False, "reason": ""}


def test_limits_and_refusals(run: Run) -> None:
    assert _json(run, "organizations", "limits", "acme", "--probes", "5")["limits"] == {"probes": 5}
    assert "acme has limits of its own: 7 reports per second" in (
        run("organizations", "limits", "ACME", "--reports-per-second", "7").stdout
    )
    assert "limited" in run("organizations", "list").stdout
    assert "the deployment's limits" in run("organizations", "limits", "acme").stdout
    for only, refused in (
        ((), {"access": True, "upload": True}),
        (("--only", "upload"), {"access": False, "upload": True}),
        (("--only", "access"), {"access": True, "upload": False}),
    ):
        changed = _json(run, "organizations", "refuse", "acme", "--reason", "unpaid", *only)
        assert changed["refusal"] == {**refused, "reason": "unpaid"}
    shown = run("organizations", "list").stdout
    assert "refused access: unpaid" in shown
    assert _json(run, "organizations", "allow", "acme")["refusal"]["reason"] == ""


def test_deleting_asks_first(run: Run) -> None:
    run("organizations", "delete", "acme", code=1, input="n\n")
    assert _json(run, "organizations", "list")["total"] == 1
    assert "acme is deleted" in run("organizations", "delete", "acme", input="y\n").stdout
    assert run("organizations", "list").stdout == "there are no such organizations\n"
    assert "deleted" in run("organizations", "list", "--deleted").stdout
    run("create-organization", "other", "--admin", "boss@example.org")
    assert "deleted" in _json(run, "organizations", "delete", "other", "--yes")


def test_acting_as_somebody(run: Run, postgres_url: str) -> None:
    run("create-organization", "globex", "--admin", "ann@example.org")
    options = ("--as", "boss@example.org", "--reason", "sees no hosts", "--minutes", "15")
    answer = _json(run, "impersonate", "ann@example.org", *options)
    assert list(answer) == ["login_url", "email", "expires"]
    assert run("impersonate", "ann@example.org", *options).stdout.startswith("https://scope.example/#/login/")
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT b.email, p.email, i.expires - i.created FROM impersonations i "
            "JOIN users b ON b.id = i.administrator_id JOIN users p ON p.id = i.user_id "
            "JOIN login_tokens l ON l.impersonation_id = i.id AND l.user_id = b.id"
        ).fetchall()
    assert [(boss, ann, int(time.total_seconds())) for boss, ann, time in found] == [
        ("boss@example.org", "ann@example.org", 900)
    ] * 2
    (event, _) = _json(run, "audit", "list", "--organization", "globex", "--action", "admin:")["events"]
    assert event["after"]["reason"] == "sees no hosts"


def test_reading_the_audit(run: Run, postgres_url: str) -> None:
    run("organizations", "refuse", "acme", "--reason", "unpaid")
    (event,) = _json(run, "audit", "list", "--action", "admin:organization:")["events"]
    assert (event["organization"], event["after"]["reason"]) == ("acme", "unpaid")
    shown = run("audit", "list", "--organization", "acme", "--limit", "1").stdout
    assert "  operator  admin:organization:set_refusal\n    on " in shown
    assert "access: False -> True, reason: none -> unpaid, upload: False -> True" in shown
    run("create-organization", "globex", "--admin", "ann@example.org")
    run("impersonate", "ann@example.org", "--as", "boss@example.org", "--reason", "sees no hosts")
    (by_address,) = _json(run, "audit", "list", "--subject", "Ann@example.org", "--action", "admin:")["events"]
    assert by_address["action"] == "admin:impersonation:begin"
    shown = run("audit", "list", "--action", "admin:impersonation:").stdout
    assert "    on ann@example.org in globex\n    administrator: boss@example.org, expires: " in shown
    assert run("audit", "list", "--actor", "nobody").stdout == "there are no such events\n"
    for arguments, one in ((("--organization", "acme"), "organization:organization:create"), ((), "user:user:create")):
        *events, end = map(json.loads, run("audit", "export", *arguments).stdout.splitlines())
        assert end["after"]["events"] == len(events)
        assert one in {event["action"] for event in events}
    assert len(run("audit", "export", "--organization", "acme").stdout) < len(run("audit", "export").stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("approve", "nobody@example.org"), "`scope-users people list --search PART` finds people"),
        (("people", "disable", "nobody@example.org", "--reason", "x"), "there is no person 'nobody@example.org'"),
        (("people", "disable", "boss@example.org", "--reason", " "), "reason: must say why"),
        (("people", "disable", "boss@example.org", "--reason", "a\nb"), "reason: "),
        (("people", "enable", "x"), "email: must be an address"),
        (("people", "list", "--search", "\x01"), "search: "),
        (("organizations", "allow", "nothing"), "`scope-users organizations list --search PART` finds"),
        (("organizations", "delete", "nothing", "--yes"), "there is no organization 'nothing'"),
        (("organizations", "limits", "acme", "--probes", "-1"), "limits.probes: "),
        (("organizations", "refuse", "acme", "--reason", ""), "refusal.reason: must say why"),
        (("impersonate", "boss@example.org", "--as", "boss@example.org", "--reason", "x"), "nobody acts as themselves"),
        (
            ("impersonate", "ann@example.org", "--as", "ann@example.org", "--reason", "x"),
            "--as: ann@example.org does not",
        ),
        (("impersonate", "ann@example.org", "--as", "boss@example.org", "--reason", ""), "reason: "),
        (("audit", "list", "--after", "yesterday"), "not a time like 2026-01-31T12:00:00Z"),
        (("audit", "export", "--after", "yesterday"), "not a time like 2026-01-31T12:00:00Z"),
        (("audit", "export", "--organization", "nothing"), "there is no organization 'nothing'"),
    ],
)
def test_refusals_say_what_is_wrong_and_what_to_do(
    run: Run, postgres_url: str, arguments: tuple[str, ...], said: str
) -> None:
    _waits(postgres_url, "ann@example.org")
    done = run(*arguments, code=1)
    assert done.stdout == ""
    assert said in done.stderr
    if arguments[:2] != ("audit", "export"):
        refused = json.loads(run(*arguments, "--output", "json", code=1).stdout)
        assert list(refused) == ["code", "message"]


def test_a_wrong_command_line_is_told_apart(run: Run) -> None:
    for arguments in (
        ("people", "fire"),
        ("people", "disable", "a@b"),
        ("people", "list", "--limit", "0"),
        ("impersonate", "a@b"),
    ):
        run(*arguments, code=2)


@pytest.mark.parametrize("group", [(), ("people",), ("organizations",), ("audit",), ("keys",)])
def test_the_program_helps_and_ends_as_it_says(postgres_url: str, group: tuple[str, ...]) -> None:
    done = subprocess.run([_PROGRAM, *group, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_program(postgres_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": postgres_url}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([_PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)

    assert "has `scope-users migrate` been run?" in run("people", "list").stderr
    assert run("migrate").returncode == 0
    assert "/#/login/scope_login_" in run("create-admin", "boss@example.org").stdout
    (boss,) = json.loads(run("people", "list", "--output", "json").stdout)["people"]
    assert boss["email"] == "boss@example.org"
    lines = run("audit", "export").stdout.splitlines()
    assert json.loads(lines[-1])["after"] == {"events": len(lines) - 1}
    away = subprocess.run(
        [_PROGRAM, "people", "list"],
        env=environment | {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (away.returncode, "Is the database that DATABASE_URL names up" in away.stderr) == (1, True)
