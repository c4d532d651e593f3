"""The operator's command, run as the operator runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from users.cli import app

Run = Callable[..., Result]


@pytest.fixture
def environment(postgres_url: str, tmp_path: Path) -> dict[str, str | None]:
    """A data folder with users.env, and no other word about where the database is."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "users.env").write_text(f"DATABASE_URL={postgres_url}\nPUBLIC_URL=https://scope.example/\nLISTEN=x\n")
    return {"DATA": str(folder), "DATABASE_URL": None, "DATABASE_URL_FILE": None, "PUBLIC_URL": None}


@pytest.fixture
def run(environment: dict[str, str | None]) -> Run:
    """Runs the command in this process."""
    return lambda *arguments, **more: CliRunner().invoke(app, arguments, env=environment | more)


def _organization(run: Run, *arguments: str) -> dict[str, str]:
    done = run("create-organization", *arguments, "--output", "json")
    assert done.exit_code == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_an_organization_with_its_first_administrator(run: Run, postgres_url: str) -> None:
    assert run("migrate").exit_code == 0
    assert run("migrate").exit_code == 0
    made = _organization(run, "Acme")
    assert list(made) == ["org", "service_token", "api_token"]
    assert made["org"] == "acme"
    assert made["service_token"].startswith("scope_probe_")
    assert made["api_token"].startswith("scope_api_")
    _organization(run, "second", "--admin", "Bob@Example.org")
    _organization(run, "third")
    with psycopg.connect(postgres_url) as connection:
        people = connection.execute("SELECT email, admin FROM users ORDER BY created").fetchall()
        members = connection.execute(
            "SELECT slug, email, role FROM memberships JOIN users ON users.id = user_id "
            "JOIN organizations o ON o.id = organization_id ORDER BY o.created"
        ).fetchall()
    assert people == [("admin@localhost", True), ("bob@example.org", False)]
    assert members == [
        ("acme", "admin@localhost", "admin"),
        ("second", "bob@example.org", "admin"),
        ("third", "admin@localhost", "admin"),
    ]


def test_the_first_person_of_all_administers_also_when_named(run: Run, postgres_url: str) -> None:
    run("migrate")
    _organization(run, "acme", "--admin", "ann@example.org")
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT email, admin FROM users").fetchall() == [("ann@example.org", True)]


def test_of_two_programs_at_once_with_one_name_one_makes_it(postgres_url: str) -> None:
    program = str(Path(sys.executable).with_name("scope-users"))

    def run(*arguments: str) -> int:
        environment = os.environ | {"DATABASE_URL": postgres_url}
        return subprocess.run([program, *arguments], env=environment, capture_output=True, check=False).returncode

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, ["migrate"] * 2)) == [0, 0]
        made = list(pool.map(lambda name: run("create-organization", name), ["acme"] * 2))
    assert sorted(made) == [0, 1]
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_refusals_say_what_is_wrong(run: Run) -> None:
    run("migrate")
    _organization(run, "acme")
    refusals = {
        ("create-organization", "ACME"): "'acme' is taken",
        ("create-organization", "a b"): "must be letters",
        ("create-organization", "-"): "must be letters",
        ("create-organization", "x" * 64): "at most 63",
        ("create-organization", ""): "must be letters",
        ("create-organization", "new", "--admin", "nobody"): "email: must be an address",
        ("login-link", "nobody@example.org"): "there is no person 'nobody@example.org'",
    }
    for arguments, said in refusals.items():
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    _organization(run, "new")


def test_a_program_reads_why_it_was_refused(run: Run) -> None:
    run("migrate")
    _organization(run, "acme")
    for name, code in (("acme", "ALREADY_EXISTS"), ("a b", "INVALID_ARGUMENT")):
        done = run("create-organization", name, "--output", "json")
        answer = json.loads(done.stdout)
        assert (done.exit_code, answer["code"]) == (1, code)
        assert answer["message"] in done.stderr


def test_a_login_link(run: Run) -> None:
    run("migrate")
    _organization(run, "acme")
    link = run("login-link", "Admin@localhost").stdout.strip()
    assert link.startswith("https://scope.example/#/login/scope_login_")
    answer = json.loads(run("login-link", "admin@localhost", "--output", "json", PUBLIC_URL="http://x:1").stdout)
    assert answer["email"] == "admin@localhost"
    assert answer["login_url"].startswith("http://x:1/#/login/scope_login_")
    run("people", "disable", "admin@localhost", "--reason", "left")
    refused = run("login-link", "admin@localhost")
    assert refused.exit_code == 1
    assert "admin@localhost is disabled; enable the person first" in refused.stderr


def test_without_a_database_it_says_what_to_do(run: Run, tmp_path: Path) -> None:
    missing = run("migrate", DATA=str(tmp_path / "elsewhere"))
    assert missing.exit_code == 1
    assert "DATABASE_URL is not set" in missing.stderr
    assert "elsewhere/users.env" in missing.stderr.replace("\n", "")
    for command in (["migrate"], ["login-link", "a@b"], ["create-organization", "x"]):
        for url in ("postgresql://nobody@127.0.0.1:1/nothing", "mysql://x", "nonsense"):
            away = run(*command, DATABASE_URL=url)
            assert away.exit_code == 1
            assert away.stderr.startswith("error: ")
            assert "Traceback" not in away.stderr


def test_the_database_is_found_by_a_file_that_has_its_url(run: Run, postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "database-url"
    elsewhere = {"DATA": str(tmp_path / "elsewhere"), "DATABASE_URL_FILE": str(file)}
    absent = run("migrate", **elsewhere)
    assert (absent.exit_code, "DATABASE_URL_FILE cannot be read" in absent.stderr) == (1, True)
    file.write_text("\n")
    empty = run("migrate", **elsewhere)
    assert (empty.exit_code, "DATABASE_URL_FILE is empty" in empty.stderr) == (1, True)
    file.write_text(f"{postgres_url}\n")
    assert run("migrate", **elsewhere).exit_code == 0


def test_before_the_migration_it_says_so(run: Run) -> None:
    done = run("create-organization", "acme")
    assert done.exit_code == 1
    assert "has `scope-users migrate` been run?" in done.stderr
