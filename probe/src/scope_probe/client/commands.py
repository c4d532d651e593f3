"""What people can ask for, and how it is told them. What does it is imported when it is asked for."""

import enum
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scope_probe.client.failures import Failure, Status, leave

if TYPE_CHECKING:
    from scope_sdk import Service


class Output(enum.StrEnum):
    """How something is printed."""

    TABLE = "table"
    JSON = "json"


UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="SCOPE_URL",
        help="Where the service is: https://HOST[:PORT], or HOST:PORT where it does not speak TLS.",
    ),
]
TokenOption = Annotated[
    str, typer.Option("--token", metavar="TOKEN", envvar="SCOPE_TOKEN", help="An API token of yours.")
]
OrganizationOption = Annotated[
    str,
    typer.Option("--org", metavar="ID", envvar="SCOPE_ORG", help="Your organization; a token knows its own."),
]
PlaintextOption = Annotated[
    bool,
    typer.Option("--plaintext", help="Let the token cross public networks in clear. Private ones need no permission."),
]
CaFileOption = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        metavar="FILE",
        envvar="SCOPE_CA_FILE",
        help="The authorities, PEM, one of which vouches for the service. Default: those that this machine trusts.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Output,
    typer.Option("--output", help="A table for people, or JSON for programs, where it streams an object a line."),
]
TopologyOption = Annotated[
    str,
    typer.Option(
        "--topology", metavar="TOPOLOGY", help="Where to look for the node: processes are found by their names only so."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it without asking, where the control would ask.")]
OptionsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Options of the topology, as stopped=both.")
]

_ENDS = (
    "[bold]Ends with[/bold] 0 when all went well, {also}2 or 64 when it was called wrongly, 68 when no node is called "
    "so or several are, 69 when the service or the probe is not reached, 70 when the service failed or it is not known "
    "what was done, 73 when the probe refuses, 74 when the connection broke, 75 when it took too long or there is too "
    "much of it, 77 when the token does not allow it, naming the permission, 130 by Ctrl-C."
)


def add(app: typer.Typer) -> None:
    """Makes them commands."""
    app.command(epilog=_ENDS.format(also=""))(ps)
    app.command(epilog=_ENDS.format(also=""))(watch)
    app.command(epilog=_ENDS.format(also="1 when somebody answered no, "))(control)
    app.command("exec", epilog=_ENDS.format(also="with what the command ends with, "))(execute)


def ps(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPOLOGY [KEY=VALUE]",
            help="As 'processes' or 'pods', by default hosts and containers; and options, as stopped=both.",
        ),
    ] = None,
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    org: OrganizationOption = "",
    plaintext: PlaintextOption = False,
    ca_file: CaFileOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what runs now: hosts and containers, or the nodes of another topology.

    The table has what probes reported, JSON every node of the map, in the form
    that REST has. Processes without connections are listed too.

    [bold]Examples[/bold]

    scope ps

    scope ps containers stopped=both

    scope ps processes --output json | jq -r '.[].label'
    """
    from scope_probe.client import listing

    service = _service(url, token, org, plaintext=plaintext, ca_file=ca_file)
    _run(listing.show(service, words or [], as_json=output is Output.JSON))


def watch(
    topology: Annotated[str, typer.Argument(metavar="TOPOLOGY", help="As 'containers'.")],
    options: OptionsArgument = None,
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    org: OrganizationOption = "",
    plaintext: PlaintextOption = False,
    ca_file: CaFileOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Follow a topology: what there is (+), and then what comes (+), changes (~) and leaves (-).

    It goes on by itself when the service was away, and says then what is
    different; nothing is said twice. As JSON each line is an object of "change"
    (add, update or remove) and "node".

    [bold]Examples[/bold]

    scope watch containers stopped=both

    scope watch processes --output json | jq -r 'select(.change == "add").node.label'
    """
    from scope_probe.client import following

    service = _service(url, token, org, plaintext=plaintext, ca_file=ca_file)
    _run(following.follow(service, topology, options or [], as_json=output is Output.JSON))


def control(
    node: Annotated[
        str,
        typer.Argument(metavar="NODE", help="Its id, its name where no other has it, or a container's short id."),
    ],
    control: Annotated[
        str,
        typer.Argument(metavar="CONTROL", help="The id or the name of the control. Without it: list what there is."),
    ] = "",
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="What the control is told, as signal=HUP.")
    ] = None,
    *,
    topology: TopologyOption = "",
    yes: YesOption = False,
    url: UrlOption = "",
    token: TokenOption = "",
    org: OrganizationOption = "",
    plaintext: PlaintextOption = False,
    ca_file: CaFileOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Do something to a node: what its details on the page offer.

    What a control says is printed; logs and descriptions are copied to
    standard output until they end, terminals are opened.

    [bold]Examples[/bold]

    scope control web

    scope control web restart

    scope control web logs > web.log

    scope control 'db-1;4711' signal signal=HUP --yes
    """
    from scope_probe.client import acting

    service, as_json = _service(url, token, org, plaintext=plaintext, ca_file=ca_file), output is Output.JSON
    if control:
        ask = _agreed if yes else _ask
        _run(acting.act(service, node, topology, control, arguments or [], ask=ask, as_json=as_json))
    else:
        _run(acting.show(service, node, topology, as_json=as_json))


def execute(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="The name of a host, or the name or id of a container.")
    ],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="CMD", help="After --: what to run. Default: a login shell.")
    ] = None,
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    org: OrganizationOption = "",
    plaintext: PlaintextOption = False,
    ca_file: CaFileOption = None,
) -> None:
    """Run a command, or a shell, on a host or in a container.

    At a terminal it is one; otherwise standard input goes to the command, and
    all that it writes to standard output. The connection may break and come
    back: nothing is lost, and it is said only when it lasts. It ends with the
    exit status of the command.

    [bold]Examples[/bold]

    scope exec db-1

    scope exec web -- top

    scope exec db-1 -- pg_dump shop > shop.sql

    tar c site | scope exec web -- tar x -C /srv
    """
    from scope_probe.client import running

    service = _service(url, token, org, plaintext=plaintext, ca_file=ca_file)
    _run(running.execute(service, target, command or []))


def _service(url: str, token: str, org: str, *, plaintext: bool, ca_file: Path | None) -> "Service":
    from scope_probe import options

    for value, name, missing in ((url, "SCOPE_URL", "the service's address"), (token, "SCOPE_TOKEN", "an API token")):
        if not value:
            raise typer.BadParameter(f"{missing} is needed: by the variable {name}", param_hint=name)
    return options.reached(url, token, org, plaintext=plaintext, ca_file=ca_file)


def _run(work: Coroutine[object, object, int | None]) -> None:
    """Does it, and ends as it says."""
    import asyncio

    try:
        status = asyncio.run(work) or 0
    except Failure as failure:
        leave(failure, failure.status)
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough, and it cannot be flushed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 128 + signal.SIGPIPE
    raise typer.Exit(status)


def _ask(question: str) -> bool:
    if not sys.stdin.isatty():
        raise Failure(Status.USAGE, f"it asks '{question}': answer by --yes")
    return typer.confirm(question, err=True)


def _agreed(_: str) -> bool:
    return True
