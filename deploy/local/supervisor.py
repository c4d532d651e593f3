"""Starts the whole mesh in order, keeps it alive, and ends it in order."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from deploy.local import accounts, health, nats, postgres, services
from deploy.local.command import Command
from deploy.local.files import private_folder, write_json
from deploy.local.layout import PAGES, SOCKETS, Layout, Replica
from deploy.local.leftovers import MARK, end_left
from deploy.local.screen import Screen
from deploy.local.supervised import Supervised
from deploy.local.tls import Tls, TlsError

_READY_SECONDS = 60.0
_LOOK_AT_FILES_SECONDS = 30.0
_STEP = 0.05


class StartError(Exception):
    """The mesh does not come up; the message says what to do."""


class Supervisor:
    """All processes of one mesh."""

    def __init__(self, layout: Layout, screen: Screen) -> None:
        self._layout = layout
        self._screen = screen
        self._processes: list[Supervised] = []
        self._ready = False
        self._run_is_old = False
        self._tls_problem = ""

    async def run(self) -> None:
        """Starts everything and returns once SIGINT or SIGTERM came and everything has ended.

        Raises:
            StartError, NeverReadyError, AccountsError, PostgresError: it does not come up; everything has ended.
        """
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with private_folder(self._layout.data) as private:
            try:
                await _until(stop, self._start(private))
                await _until(stop, self._look_after_files())
            finally:
                await self._end()

    async def _start(self, private: Path) -> None:
        layout = self._layout
        with self._screen.step("database and report log"):
            await self._start_stores()
        with self._screen.step("accounts"):
            accounts.write_environment(layout)
            await accounts.migrate(layout)
        with self._screen.step("users, collection, query, ui-server and the edge"):
            for replica in layout.replicas:
                self._add(services.service(layout, replica), replica.number)
            self._add(services.envoy(layout, private))
            local = await accounts.welcome(layout)
            await self._healthy()
        if layout.options.probe:
            self._add(services.probe(layout, local["service_token"]))
            await self._processes[-1].wait_ready(_READY_SECONDS)
        self._ready = True
        self._write_run()
        target = layout.url if layout.tls else layout.address
        self._screen.ready(local, target, layout.data, exposed=layout.options.exposed)

    async def _start_stores(self) -> None:
        self._add(nats.prepare(self._layout.broker))
        self._add(await asyncio.to_thread(postgres.prepare, self._layout.cluster))
        for process in self._processes:
            await process.wait_ready(_READY_SECONDS)

    def _add(self, command: Command, replica: int = 0) -> None:
        marked = replace(command, environment={**command.environment, MARK: str(self._layout.data)})
        process = Supervised(marked, replica, self._layout.data / "logs", self._screen.say, self._write_run)
        self._processes.append(process)
        process.start()

    async def _healthy(self) -> None:
        """Returns when the edge says that every service has a healthy replica."""
        deadline = time.monotonic() + _READY_SECONDS
        while (status := await asyncio.to_thread(health.page, self._layout.health)) != HTTPStatus.OK:
            for process in self._processes:
                process.check()
            if time.monotonic() > deadline:
                logs = self._layout.data / "logs"
                raise StartError(f"the edge answers {status or 'nothing'}: see the logs in {logs}")
            await asyncio.sleep(_STEP)

    def _renew(self, tls: Tls) -> None:
        """Takes over a renewed certificate, which the edge finds by itself; says once why one cannot be served."""
        problem = ""
        try:
            if tls.renew():
                self._screen.say("the edge serves the renewed certificate")
                self._start_probe_again()
        except (TlsError, OSError) as error:
            problem = str(error)
            if problem != self._tls_problem:
                self._screen.say(f"{problem}; the edge goes on with the certificate that it has")
        self._tls_problem = problem

    def _start_probe_again(self) -> None:
        """The probe trusts the certificate that it found when it started."""
        for process in self._processes:
            if process.name == "probe":
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)

    def _write_run(self) -> None:
        """Says which processes there are, once all of them are; where it cannot now, it does later."""
        if not self._ready:
            return
        try:
            write_json(self._layout.data / "run.json", self._run_document())
            self._run_is_old = False
        except OSError as error:
            self._run_is_old = True
            self._screen.say(f"run.json cannot be written: {error}")

    def _run_document(self) -> dict[str, Any]:
        ports = {(replica.service, replica.number): replica for replica in self._layout.replicas}
        return {
            "url": self._layout.url,
            "health": self._layout.health,
            "pid": os.getpid(),
            "processes": [
                _describe(process, ports.get((process.name, process.replica))) for process in self._processes
            ],
        }

    async def _look_after_files(self) -> None:
        while True:
            for process in self._processes:
                await asyncio.to_thread(process.bound_log)
            if self._run_is_old:
                self._write_run()
            if self._layout.tls:
                await asyncio.to_thread(self._renew, self._layout.tls)
            await asyncio.sleep(_LOOK_AT_FILES_SECONDS)

    async def _end(self) -> None:
        """Ends everything against the order in which it started, replicas of our services together.

        Whatever goes wrong with one of them, the others are ended too, and what is left after that is ended by force.
        """
        self._ready = False
        try:
            (self._layout.data / "run.json").unlink(missing_ok=True)
        except OSError as error:
            self._screen.say(f"run.json cannot be removed: {error}")
        names = [replica.service for replica in self._layout.replicas]
        with self._screen.step("ending"):
            while self._processes:
                last = self._processes.pop()
                together = [last]
                while last.name in names and self._processes and self._processes[-1].name in names:
                    together.append(self._processes.pop())
                ends = await asyncio.gather(*(process.stop() for process in together), return_exceptions=True)
                for process, failure in zip(together, ends, strict=True):
                    if failure is not None:
                        self._screen.say(f"{process.name}-{process.replica} does not end in order: {failure!r}")
            await asyncio.to_thread(end_left, self._layout.data)


def _describe(process: Supervised, replica: Replica | None) -> dict[str, Any]:
    http = replica if replica and replica.service in (PAGES, SOCKETS) else None
    return {
        "name": process.name,
        "replica": process.replica,
        "pid": process.pid,
        "deaths": process.deaths,
        "grpc": replica.address if replica and not http else None,
        "http": f"http://{http.address}" if http else None,
        "metrics": f"http://{replica.metrics}/metrics" if replica else None,
    }


async def _until(stop: asyncio.Event, work: Any) -> None:
    """Runs `work` until it is done or we are to stop, and passes on what it raises."""
    if stop.is_set():
        work.close()
        return
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working
