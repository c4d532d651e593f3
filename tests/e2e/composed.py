"""The whole in containers: images of this repository and stand-ins for those of others, run by deploy/compose.yaml."""

import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from deploy.local.command import free_ports
from tests.e2e.client import ROOT, Api, wait_for
from tests.e2e.podman import Podman

#: Those that deploy/compose.yaml names and that come from elsewhere.
STANDINS = ("postgres", "nats", "mailpit")
_BASE = "scope/base:bookworm"
#: Where a network has authorities of its own, they are here among the others.
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_COMPOSE = Path(sys.executable).with_name("podman-compose")
#: As the stand-in of Mailpit prints it.
_MAIL = re.compile(
    r"^-+ MESSAGE FOLLOWS -+\n(?:mail options: [^\n]*\n\n)?(.*?)^-+ END MESSAGE -+$", re.DOTALL | re.MULTILINE
)


class Composed:
    """All services of deploy/compose.yaml, as a project of its own on ports of its own.

    Attributes:
        url: where the edge serves.
    """

    def __init__(self, podman: Podman) -> None:
        self.podman = podman
        self._project = f"scope-{secrets.token_hex(4)}"
        port, mail = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self._variables = {
            "PORT": str(port),
            "PUBLIC_URL": self.url,
            "MAIL_PORT": str(mail),
            "NATS_MAX_FILE": "1GB",
            **{f"{name.upper()}_IMAGE": _standin(name) for name in STANDINS},
        }

    def compose(self, *arguments: str, **variables: str) -> str:
        """What `podman-compose ARGUMENTS` prints; RuntimeError where it fails."""
        command = [str(_COMPOSE), "--file", str(ROOT / "deploy/compose.yaml"), "--project-name", self._project]
        return run([*command, *arguments], {**self.podman.environment, **self._variables, **variables})

    def name(self, service: str) -> str:
        """The container of a service."""
        return f"{self._project}_{service}_1"

    def inspect(self, service: str) -> Any:
        """What the engine knows of a service's container."""
        return self.podman.inspect(self.name(service))

    def anybody(self) -> Api:
        """Somebody who is not signed in."""
        return Api(self.url)

    def works(self) -> bool:
        """Whether the edge says that every service behind it has a replica that works."""
        return self.anybody().get("/healthz").status == 200

    def mails(self, to: str) -> list[EmailMessage]:
        """The mails to somebody, in their order."""
        said = _MAIL.findall(self.podman.podman("logs", self.name("mailpit")))
        mails = [message_from_string(text, policy=policy.default) for text in said]
        return [mail for mail in mails if mail["to"] == to]

    def mail(self, to: str, number: int) -> EmailMessage:
        """The mail of this number to somebody, from 0, which may be on its way."""
        return wait_for(lambda: self.mails(to)[number : number + 1], f"mail {number} to {to}")[0]


def build_images(podman: Podman, folder: Path) -> None:
    """Builds the base, on it our images and at the same time the stand-ins, in a folder that is made for these."""
    variables = {"ENGINE": "podman", "BASE": _BASE, **({"CA": str(_AUTHORITIES)} if _AUTHORITIES.exists() else {})}
    environment = {**podman.environment, **variables}
    run([str(ROOT / "deploy/images/base"), _BASE], environment)
    with ThreadPoolExecutor() as beside:
        standins = beside.submit(_build_standins, podman, folder)
        run(["make", "--directory", str(ROOT), "images", f"PYTHON={sys.executable}"], environment)
        standins.result()


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a program prints. RuntimeError with what it complains of where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()


def _build_standins(podman: Podman, folder: Path) -> None:
    shutil.copytree(ROOT / "tests/images", folder)
    shutil.copy(Path(sys.executable).with_name("nats-server"), folder)
    for name in STANDINS:
        podman.podman("build", "--build-arg", f"BASE={_BASE}", "--target", name, "--tag", _standin(name), str(folder))


def _standin(name: str) -> str:
    return f"localhost/standin/{name}:1"
