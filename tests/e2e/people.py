"""Browsers of people who are signed in to a running mesh."""

from typing import Any

from tests.e2e.client import Api, Mesh


def signed_in(mesh: Mesh, email: str = "") -> Api:
    """As somebody, by default the first administrator, by a link from the command line."""
    whose = email or mesh.local()["email"]
    printed = mesh.command_line("scope-users", "login-link", whose)
    assert printed.returncode == 0, printed
    return signed_in_by(mesh.anybody(), printed.stdout.strip().rpartition("/")[2])[0]


def signed_in_by(anybody: Api, secret: str) -> tuple[Api, dict[str, Any]]:
    """By the secret of a sign-in link; and what the answer said."""
    answer = anybody.post("/api/users/login", {"token": secret})
    assert answer.status == 200, answer
    cookie = answer.headers["set-cookie"].partition(";")[0]
    said: dict[str, Any] = answer.json()
    return anybody.with_headers(cookie=cookie), said
