"""What `scope launch` was asked for, checked. Whatever is wrong is said together with what to do instead."""

import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import typer

from scope_probe.containers.engines import Sockets
from scope_probe.containers.nodes import Wish
from scope_probe.controls.policy import Policy
from scope_probe.kubernetes import Role, is_installed
from scope_sdk import Service
from scope_sdk.report.ids import PROBE_ID

TOKEN_LENGTH = 512
NODE = re.compile(r"[a-z0-9.-]{1,253}")
HOSTNAME_LENGTH = 255


@dataclass(frozen=True)
class Options:
    """How to look at this host, and as which probe: `probe_id`, or the one kept in `state`, or a fresh one.

    `sockets`: where engines are asked for containers; None: no container is to be reported. `kubernetes`: what its API
    server is asked for, if anything, and `node` what the cluster calls this host. `policy`: what others may do; None:
    nothing.
    """

    hostname: str
    wish: Wish
    sockets: Sockets | None
    kubernetes: Role | None
    node: str
    probe_id: str
    state: Path
    policy: Policy | None


def service(target: str | None, token: str | None, *, plaintext: bool, ca_file: Path | None) -> Service:
    """Where reports go, and on whose behalf. Unless `plaintext`, the token must be safe on the way there."""
    if not target:
        raise typer.BadParameter(
            "say where the service is: 'scope launch https://scope.example.com', or the variable SCOPE_URL.",
            param_hint="URL",
        )
    return reached(target, _token(token), plaintext=plaintext, ca_file=ca_file)


def reached(target: str, token: str, organization: str = "", *, plaintext: bool, ca_file: Path | None) -> Service:
    """The service there, as whoever has the token sees it."""
    try:
        return Service(target, token, organization, plaintext=plaintext, ca_file=ca_file)
    except ValueError as error:
        message = str(error).replace("plaintext=True", "--plaintext")  # the SDK speaks of its own parameter
        raise typer.BadParameter(f"{message}.") from None


def probe_id(text: str | None) -> str:
    """The probe id, if one was given."""
    if text is not None and not PROBE_ID.fullmatch(text):
        raise typer.BadParameter("must have 1 to 64 characters, each of A-Z a-z 0-9 _ -", param_hint="--probe-id")
    return text or ""


def hostname(text: str | None) -> str:
    """What to call this host."""
    name = text or socket.gethostname()
    if len(name) > HOSTNAME_LENGTH or not name.isprintable() or ";" in name:
        raise typer.BadParameter(
            f"must have at most {HOSTNAME_LENGTH} characters, all printable, and no ';'.", param_hint="--hostname"
        )
    return name


def sockets(docker: Path | None, cri: Path | None, *, none: bool) -> Sockets | None:
    """Where engines are asked for containers, if they are."""
    for option, path in (("--docker-socket", docker), ("--cri-socket", cri)):
        if path and none:
            raise typer.BadParameter(f"asks no engine; leave out {option}.", param_hint="--no-containers")
        if path:
            _check_socket(option, path)
    return None if none else Sockets(docker, cri)


def _check_socket(option: str, path: Path) -> None:
    try:
        found = path.is_socket()
    except OSError as error:
        raise typer.BadParameter(
            f"this user may not look at {path}, or it cannot be: {error.strerror}.", param_hint=option
        ) from error
    if not found:
        raise typer.BadParameter(
            f"{path} is no socket; name the one that the engine listens at, as a path, or start the engine first.",
            param_hint=option,
        )


def policy(allowed: Collection[str], *, none: bool, read_only: bool, process_signals: bool) -> Policy | None:
    """What others may do here, if anything."""
    if not none:
        return Policy(read_only=read_only, patterns=allowed, process_signals=process_signals)
    for option, given in (
        ("--allow-control", allowed),
        ("--read-only", read_only),
        ("--process-signals", process_signals),
    ):
        if given:
            raise typer.BadParameter(f"takes no calls; leave out {option}.", param_hint="--no-controls")
    return None


def kubernetes(role: Role | None) -> Role | None:
    """What the API server is asked for, if it is."""
    if role and not is_installed():
        raise typer.BadParameter(
            "needs a package that is not installed: pip install 'scope-probe[kubernetes]'.", param_hint="--kubernetes"
        )
    return role


def node(text: str | None, hostname: str) -> str:
    """What the cluster calls this host: its name in small letters, unless told."""
    name = text or hostname.lower()
    if text and not NODE.fullmatch(text):
        raise typer.BadParameter(
            "must be the name of a node as 'kubectl get nodes' shows it.", param_hint="--kubernetes-node"
        )
    return name


def _token(text: str | None) -> str:
    if not text:
        raise typer.BadParameter(
            "is needed: --service-token=TOKEN, or the environment variable SCOPE_SERVICE_TOKEN. "
            "An administrator of your organization can make one.",
            param_hint="--service-token",
        )
    if len(text) > TOKEN_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
        raise typer.BadParameter(
            "is no token: it is too long, or holds spaces or characters that no token has.",
            param_hint="--service-token",
        )
    return text
