"""What `scope launch` does."""

import asyncio
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace

from scope_probe import VERSION, documents, logs, loop, state
from scope_probe.containers import cgroups
from scope_probe.containers.engines import Engines
from scope_probe.kubernetes import ConfigurationError
from scope_probe.options import Options
from scope_probe.report import Cluster, Reporters
from scope_probe.status import Writer
from scope_probe.watch import Watch, advice
from scope_sdk import Builder, Publisher, PublishError, ReportError, Service, publish_once
from scope_sdk.controls import Controller, Controls


class LaunchError(Exception):
    """It did not work; the message says why and what to do."""


def write(options: Options) -> None:
    """Write one report of this host to standard output."""
    logs.configure()
    builder = asyncio.run(loop.once(_reporters(options)))
    sys.stdout.write(documents.write(builder) + "\n")


def send(options: Options, service: Service, file: str | None) -> None:
    """Send one report, the one in `file` or else of this host, and return when it is stored.

    Raises:
        LaunchError: it was refused, or the service was not reached.
        DocumentError: the file holds no report.
    """
    logs.configure()
    given = documents.read(file) if file else None
    asyncio.run(_send(options, service, given))


def run(options: Options, service: Service) -> None:
    """Report this host until told to stop.

    Raises:
        StateError: the state directory cannot be used.
        LaunchError: what is kept there is not a probe's state.
    """
    logs.configure()
    with state.opened(options.state):
        asyncio.run(_run(options, service))


async def _send(options: Options, service: Service, given: Builder | None) -> None:
    builder = given or await loop.once(_reporters(options, service.token))
    try:
        await publish_once(service, builder, probe_id=options.probe_id, version=VERSION)
    except PublishError as error:
        raise LaunchError(
            f"The report was not stored by {service.target}: {str(error).rstrip('.')}. Next: {advice(str(error))}."
        ) from None
    except ReportError as error:
        raise LaunchError(f"The report cannot be sent: {error}.") from None


async def _run(options: Options, service: Service) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        publisher = Publisher(service, options.state, probe_id=options.probe_id, version=VERSION)
    except (OSError, ValueError) as error:
        raise LaunchError(f"{error}. Remove what is in {options.state}, or name another --state.") from None
    reporters = _reporters(options, service.token)
    watch = Watch(publisher, service.target)
    controller = _controller(options, service, reporters, publisher.probe_id)
    status = Writer(options.state, publisher, service.target, reporters.engines, controller)

    status.write()

    def look() -> None:
        status.write()  # first: whoever reads in the log that something changed finds it here too
        watch.look()

    def settled(report: asyncio.Future[bool]) -> None:
        if report.result():
            status.stored()
        look()

    def publish(builder: Builder) -> None:
        look()
        publisher.publish(builder).add_done_callback(settled)

    async with publisher, controller or nullcontext():
        await loop.forever(reporters, publish, stop)


def _reporters(options: Options, token: str = "") -> Reporters:
    engines = Engines(options.sockets) if options.sockets else None
    if engines:
        cgroups.see_all()
    return Reporters(options.hostname, replace(options.wish, secret=token), engines, _cluster(options))


def _controller(options: Options, service: Service, reporters: Reporters, probe_id: str) -> Controller | None:
    """Takes calls of what others may do here, which is reported from now on; None: they may do nothing."""
    if options.policy is None:
        return None
    controls = Controls()
    controls.restrict(options.policy.allows)
    reporters.register(controls)
    return Controller(service, controls, probe_id=probe_id, version=VERSION)


def _cluster(options: Options) -> Cluster | None:
    if options.kubernetes is None:
        return None
    from scope_probe.kubernetes.reporter import Kubernetes  # noqa: PLC0415 - it takes a second, which others are spared

    try:
        return Kubernetes(options.kubernetes, options.hostname, options.node)
    except ConfigurationError as error:
        raise LaunchError(str(error)) from None
