"""The command `scope`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from scope_probe import VERSION, launching, options
from scope_probe.documents import DocumentError
from scope_probe.launching import LaunchError
from scope_probe.options import Options
from scope_probe.state import StateError, default_directory

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they show the values of variables, and one of those is the token
    context_settings={"help_option_names": ["-h", "--help"]},
)

TargetArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="HOST:PORT",
        envvar="SCOPE_URL",
        help="Where the service is: HOST:PORT or http://HOST:PORT.",
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--service-token",
        metavar="TOKEN",
        envvar="SCOPE_SERVICE_TOKEN",
        help="What the service knows your organization's probes by.",
    ),
]
OnceOption = Annotated[bool, typer.Option("--once", help="Send one report, wait until it is stored, and end.")]
PrintOption = Annotated[
    bool, typer.Option("--print", help="Write one report to standard output, as JSON, and send nothing.")
]
ReportOption = Annotated[
    str | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Send the report in this file, as --print writes it, instead of this host's; '-' is standard input. "
        "Implies --once.",
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Where the probe keeps its id, to be the same probe when it starts again. "
        "Default: /var/lib/scope-probe for root, ~/.local/state/scope-probe for others.",
        show_default=False,
    ),
]
ProbeIdOption = Annotated[
    str | None,
    typer.Option(
        "--probe-id", metavar="ID", help="The probe's id. Default: the one kept; for --once and --report a fresh one."
    ),
]
PlaintextOption = Annotated[
    bool,
    typer.Option("--plaintext", help="Let the token cross public networks in clear. Private ones need no permission."),
]
NoArgumentsOption = Annotated[
    bool, typer.Option("--no-command-args", help="Report which programs run, without their arguments.")
]
HostnameOption = Annotated[
    str | None,
    typer.Option(
        "--hostname", metavar="NAME", envvar="SCOPE_HOSTNAME", help="What to call this host. Default: its host name."
    ),
]
VersionOption = Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version and end.")]


@app.callback(invoke_without_command=True)
def scope(version: VersionOption = False) -> None:
    """Scope shows what runs on your machines, live. This program reports what runs on this one."""
    if version:
        typer.echo(VERSION)
        raise typer.Exit


@app.command()
def launch(
    *,
    target: TargetArgument = None,
    service_token: TokenOption = None,
    once: OnceOption = False,
    print_: PrintOption = False,
    report: ReportOption = None,
    state: StateOption = None,
    probe_id: ProbeIdOption = None,
    plaintext: PlaintextOption = False,
    no_command_args: NoArgumentsOption = False,
    hostname: HostnameOption = None,
) -> None:
    """Report this host to the service, every three seconds, until stopped.

    A report says what the host is and how busy, which processes run, and which TCP connections they hold. It never
    holds environment variables.

    [bold]Examples[/bold]

    scope launch --service-token=TOKEN 192.168.1.10:8080

    SCOPE_SERVICE_TOKEN=TOKEN scope launch --no-command-args scope.internal:8080

    scope launch --once --service-token=TOKEN 192.168.1.10:8080

    scope launch --print > report.json

    [bold]Ends with[/bold] 0 when all went well or it was told to stop, 1 when the service refused or was not reached,
    2 when it was called wrongly.
    """
    if print_ and (report or once):
        raise typer.BadParameter("sends nothing; leave out --once and --report.", param_hint="--print")
    asked = Options(
        hostname=options.hostname(hostname),
        arguments=not no_command_args,
        probe_id=options.probe_id(probe_id),
        state=state or default_directory(),
    )
    try:
        if print_:
            launching.write(asked)
            return
        service = options.service(target, service_token, plaintext=plaintext)
        if once or report:
            launching.send(asked, service, report)
        else:
            launching.run(asked, service)
    except (LaunchError, StateError, DocumentError) as error:
        Console(stderr=True, soft_wrap=True).print(Text.assemble(("Error: ", "bold red"), str(error)))
        raise typer.Exit(1) from None


def main() -> None:
    """Run the command."""
    app()
