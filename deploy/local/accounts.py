"""The first administrator and the first organization, and a fresh sign-in link at every start."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from deploy.local.files import read_json, write_json
from deploy.local.layout import Layout
from deploy.local.services import accounts_environment, program
from deploy.secrets.files import write_private

ADMINISTRATOR = "admin@localhost"
ORGANIZATION = "local"
_TOKENS = ("org", "service_token", "api_token")
_SECONDS = 60
# What says where accounts are; here it is the data folder.
_ELSEWHERE = {"DATABASE_URL", "DATABASE_URL_FILE", "PUBLIC_URL"}


class AccountsError(Exception):
    """`scope-users` refused; the message is what it said, `code` the gRPC code where it gave one."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def write_environment(layout: Layout) -> None:
    """Writes `users.env`, by which `scope-users` finds the accounts, the keys and the service of this data folder."""
    keys = {"IDENTITY_KEY_FILE": layout.secrets / "identity.pem", "MESH_KEY_FILE": layout.secrets / "mesh.key"}
    age = {"LOG_MAX_AGE": os.environ["LOG_MAX_AGE"]} if os.environ.get("LOG_MAX_AGE") else {}
    users = {"USERS_ADDRESS": ",".join(layout.addresses("users"))}
    lines = [f"{name}={value}\n" for name, value in {**accounts_environment(layout), **users, **keys, **age}.items()]
    write_private(layout.data / "users.env", "".join(lines))


async def migrate(layout: Layout) -> None:
    """Brings the database's tables to this version."""
    await asyncio.to_thread(_run, layout.data, "migrate")


async def welcome(layout: Layout) -> dict[str, Any]:
    """Makes what an empty database lacks, renews the sign-in link; writes and answers `local.json`."""
    return await asyncio.to_thread(_welcome, layout)


def renew_link(data: Path) -> str:
    """A fresh sign-in link for the first administrator, also written to `local.json`."""
    local = read_json(data / "local.json")
    local["login_url"] = _link(data)
    write_json(data / "local.json", local)
    return str(local["login_url"])


def _welcome(layout: Layout) -> dict[str, Any]:
    path = layout.data / "local.json"
    before = read_json(path)
    tokens: dict[str, str] = {name: before[name] for name in _TOKENS if name in before}
    if len(tokens) < len(_TOKENS):
        tokens = _new_organization(layout.data)
    local = {"url": layout.url, "login_url": _link(layout.data), "email": ADMINISTRATOR, **tokens}
    if layout.tls:
        local["ca_file"] = str(layout.tls.certificate)
    write_json(path, local)
    return local


def _new_organization(data: Path) -> dict[str, str]:
    """The first organization; another one when its tokens are lost, for they cannot be shown again."""
    for number in range(1, 100):
        name = ORGANIZATION if number == 1 else f"{ORGANIZATION}-{number}"
        try:
            return dict(
                json.loads(_run(data, "create-organization", name, "--admin", ADMINISTRATOR, "--output", "json"))
            )
        except AccountsError as error:
            if error.code != "ALREADY_EXISTS":
                raise
    raise AccountsError(f"too many organizations named {ORGANIZATION}: give {data} a new local.json")


def _link(data: Path) -> str:
    return _run(data, "login-link", ADMINISTRATOR).strip()


def _run(data: Path, *arguments: str) -> str:
    """Runs `scope-users` on this data folder; raises `AccountsError` with what it complains about."""
    environment = {**_without_database(), "DATA": str(data)}
    command = [program("scope-users"), *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if result.returncode != 0:
        message = f"scope-users {arguments[0]}: {result.stderr.strip() or result.stdout.strip()}"
        raise AccountsError(message, _code(result.stdout))
    return result.stdout


def _code(refusal: str) -> str:
    """The code of a refusal that was printed as JSON; empty where it is none."""
    try:
        return str(json.loads(refusal)["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _without_database() -> dict[str, str]:
    """Our environment; a database that it names is not the one of the data folder."""
    return {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
