"""The command `scope`."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from scope_probe import VERSION
from scope_probe.client import commands
from scope_probe.client.commands import CaFileOption, PlaintextOption
from scope_probe.client.failures import leave
from scope_probe.kubernetes import Role
from scope_probe.state import StateError, default_directory

#: How the command ends when there is no probe to speak of, as init scripts have it.
NOT_RUNNING = 3

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
        metavar="URL",
        envvar="SCOPE_URL",
        help="Where the service is: https://HOST[:PORT], or HOST:PORT where it does not speak TLS.",
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
NoArgumentsOption = Annotated[
    bool, typer.Option("--no-command-args", help="Report which programs run, without their arguments.")
]
DockerSocketOption = Annotated[
    Path | None,
    typer.Option(
        "--docker-socket",
        metavar="PATH",
        readable=False,
        help="Where Docker, or Podman in its place, is asked for containers. Default: where DOCKER_HOST says, and the "
        "usual places: /var/run/docker.sock, /run/podman/podman.sock and those in XDG_RUNTIME_DIR.",
        show_default=False,
    ),
]
CriSocketOption = Annotated[
    Path | None,
    typer.Option(
        "--cri-socket",
        metavar="PATH",
        readable=False,
        help="Where containerd or cri-o is asked for the containers of Kubernetes. Default: the usual places: "
        "/run/containerd/containerd.sock, /run/crio/crio.sock and that of k3s.",
        show_default=False,
    ),
]
NoContainersOption = Annotated[bool, typer.Option("--no-containers", help="Report no containers, and ask no engine.")]
ContainerEnvOption = Annotated[
    bool,
    typer.Option(
        "--container-env",
        help="Report environment variables of containers too. They often hold passwords; the service shows them only "
        "to those who may see command lines.",
    ),
]
KubernetesOption = Annotated[
    Role | None,
    typer.Option(
        "--kubernetes",
        help="Ask the API server of Kubernetes too: 'host' for the pods of this host, on each one; 'cluster' for pods, "
        "services and controllers, once for each cluster. In a cluster as the pod's service account, elsewhere by "
        "KUBECONFIG or ~/.kube/config.",
        show_default=False,
    ),
]
KubernetesNodeOption = Annotated[
    str | None,
    typer.Option(
        "--kubernetes-node",
        metavar="NAME",
        envvar="NODE_NAME",
        help="What the cluster calls this host. Default: what it is called here.",
        show_default=False,
    ),
]
HostnameOption = Annotated[
    str | None,
    typer.Option(
        "--hostname", metavar="NAME", envvar="SCOPE_HOSTNAME", help="What to call this host. Default: its host name."
    ),
]
NoControlsOption = Annotated[
    bool,
    typer.Option("--no-controls", envvar="SCOPE_NO_CONTROLS", help="Let nobody do anything here: only report."),
]
ReadOnlyOption = Annotated[
    bool,
    typer.Option(
        "--read-only", envvar="SCOPE_READ_ONLY", help="Let others read logs and descriptions, and change nothing."
    ),
]
AllowControlOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-control",
        metavar="PATTERN",
        envvar="SCOPE_ALLOW_CONTROLS",
        help="Let others use only controls whose id fits, such as 'docker_*' or host_exec; may be repeated, and is "
        "separated by spaces in the variable. Default: all of them.",
        show_default=False,
    ),
]
ProcessSignalsOption = Annotated[
    bool,
    typer.Option(
        "--process-signals",
        envvar="SCOPE_PROCESS_SIGNALS",
        help="Let others send signals to single processes too, to end them for example.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object; null when no probe runs.")]
VersionOption = Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version and end.")]


@app.callback(invoke_without_command=True)
def scope(version: VersionOption = False) -> None:
    """Scope shows what runs on your machines, live. This program reports what runs on this one, and acts on all."""
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
    ca_file: CaFileOption = None,
    docker_socket: DockerSocketOption = None,
    cri_socket: CriSocketOption = None,
    no_containers: NoContainersOption = False,
    container_env: ContainerEnvOption = False,
    kubernetes: KubernetesOption = None,
    kubernetes_node: KubernetesNodeOption = None,
    no_command_args: NoArgumentsOption = False,
    hostname: HostnameOption = None,
    no_controls: NoControlsOption = False,
    read_only: ReadOnlyOption = False,
    allow_control: AllowControlOption = None,
    process_signals: ProcessSignalsOption = False,
) -> None:
    """Report this host to the service, every three seconds, until stopped.

    A report says what the host is and how busy, which processes and containers
    it runs, and which TCP connections they hold. Containers are known from
    Docker, Podman, containerd or cri-o where this user may ask them, and are
    reported as soon as they change; without any of them only their ids are
    known. A report holds no environment variables, unless --container-env asks
    for those of containers.

    People whose role in the organization permits it can act on what they see:
    open a shell of this host or in a container, stop a container, read its
    logs. What they do is done as the user that the probe runs as, often root.
    --no-controls, --read-only and --allow-control forbid it here, whatever the
    service says.

    [bold]Examples[/bold]

    scope launch --service-token=TOKEN https://scope.example.com

    scope launch --service-token=TOKEN 192.168.1.10:8080

    SCOPE_SERVICE_TOKEN=TOKEN scope launch --no-command-args scope.internal:8080

    scope launch --docker-socket=/run/podman/podman.sock --print > report.json

    scope launch --kubernetes=host --service-token=TOKEN 192.168.1.10:8080

    scope launch --allow-control='docker_*' --service-token=TOKEN 192.168.1.10:8080

    scope launch --once --service-token=TOKEN 192.168.1.10:8080

    [bold]Ends with[/bold] 0 when all went well or it was told to stop, 1 when the
    service refused or was not reached, 2 when it was called wrongly.
    """
    from scope_probe import launching, options
    from scope_probe.containers.nodes import Wish
    from scope_probe.documents import DocumentError

    if print_ and (report or once):
        raise typer.BadParameter("sends nothing; leave out --once and --report.", param_hint="--print")
    called = options.hostname(hostname)
    asked = options.Options(
        hostname=called,
        wish=Wish(arguments=not no_command_args, environment=container_env),
        sockets=options.sockets(docker_socket, cri_socket, none=no_containers),
        kubernetes=options.kubernetes(kubernetes),
        node=options.node(kubernetes_node, called),
        probe_id=options.probe_id(probe_id),
        state=state or default_directory(),
        policy=options.policy(
            allow_control or (), none=no_controls, read_only=read_only, process_signals=process_signals
        ),
    )
    try:
        if print_:
            launching.write(asked)
            return
        service = options.service(target, service_token, plaintext=plaintext, ca_file=ca_file)
        if once or report:
            launching.send(asked, service, report)
        else:
            launching.run(asked, service)
    except (launching.LaunchError, StateError, DocumentError) as error:
        leave(error, 1)


@app.command("status")
def show_status(*, state: StateOption = None, json_: JsonOption = False) -> None:
    """Say how the probe that runs on this host is doing: connected, last acknowledged, dropped.

    [bold]Ends with[/bold] 0 when its reports arrive, 1 when they do not, 3 when no probe runs.
    """
    from scope_probe import status

    directory = state or default_directory()
    try:
        found = status.read(directory)
    except StateError as error:
        leave(error, 1)
    if found is None:
        advice = "start one with 'scope launch', or say where another keeps its state with --state"
        typer.echo("null" if json_ else f"no probe runs with its state in {directory}: {advice}")
        raise typer.Exit(NOT_RUNNING)
    now = time.time()
    typer.echo(json.dumps(asdict(found)) if json_ else "\n".join(status.lines(found, now)))
    raise typer.Exit(0 if status.works(found, now) else 1)


commands.add(app)


def main() -> None:
    """Run the command."""
    app()
