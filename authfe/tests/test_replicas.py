"""What becomes of calls when one replica of two dies in the middle of them, or stands still."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from authfe.tests.running import AREAS, Edge, Reply, until
from authfe.tests.standins import Replica
from mesh.contracts import rpcs

_INFO = "/scope.query.v1.QueryService/GetInfo"
_LOGIN = "/scope.users.v1.SessionService/Login"
_INVOKE = "/scope.control.v1.ControlService/Invoke"
_AT_ONCE = 8
_SPAWN = multiprocessing.get_context("spawn")

NewEdge = Callable[[Sequence[Replica]], Edge]


@dataclass
class Apart(Replica):
    """A replica in a process of its own. Where `asked` is a file, its first call is never answered."""

    asked: Path = Path()
    process: SpawnProcess | None = None

    def start(self) -> None:
        self.process = _SPAWN.Process(target=_serve, args=(self.area, self.port, self.asked), daemon=True)
        self.process.start()

    def stop(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join()


def _serve(area: str, port: int, asked: Path) -> None:
    replica = Replica(area, port)
    if asked.name:
        replica.service.answers |= {rpc: _silent_at_first(rpc, asked) for rpc in (_INFO, _LOGIN, _INVOKE)}
    replica.start()
    signal.pause()


def _silent_at_first(rpc: str, asked: Path) -> Callable[[Message, grpc.ServicerContext], Message]:
    def answer(_: Message, __: grpc.ServicerContext) -> Message:
        with asked.open("a") as file:
            file.write(f"{os.getpid()}\n")
        if asked.read_text() == f"{os.getpid()}\n":
            signal.pause()
        return GetMessageClass(rpcs()[rpc].output_type)()

    return answer


def _edge(new_edge: NewEdge, area: str, asked: Path = Path()) -> Edge:
    others = [Replica(other) for other in AREAS if other != area]
    return new_edge([*others, *(Apart(area, asked=asked) for _ in range(2))])


@pytest.mark.parametrize("area", ["query", "users"])
def test_a_replica_that_stands_still_keeps_nobody_waiting_for_ever(new_edge: NewEdge, area: str) -> None:
    edge = _edge(new_edge, area)
    apart = edge.replica(area)
    assert isinstance(apart, Apart)
    assert apart.process is not None
    assert apart.process.pid is not None
    os.kill(apart.process.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(_AT_ONCE) as executor:
        replies = list(executor.map(lambda _: edge.call("GET", "/api").status, range(_AT_ONCE)))
    assert replies == [200] * _AT_ONCE


def _call_of_which_a_replica_dies(edge: Edge, verb: str, path: str, asked: Path) -> Reply:
    """The answer to a call whose replica is killed before it has answered."""
    with ThreadPoolExecutor(1) as executor:
        reply = executor.submit(edge.call, verb, path, b"{}")
        until(lambda: asked.exists() and bool(asked.read_text()), "a replica is asked")
        os.kill(int(asked.read_text().splitlines()[0]), signal.SIGKILL)
        return reply.result()


def test_what_only_reads_is_read_again_where_a_replica_died(new_edge: NewEdge, tmp_path: Path) -> None:
    edge = _edge(new_edge, "query", tmp_path / "asked")
    assert _call_of_which_a_replica_dies(edge, "GET", "/api", tmp_path / "asked").status == 200


@pytest.mark.parametrize(
    ("area", "path", "said"),
    [
        ("users", "/api/users/login", (503, "SERVICE_UNAVAILABLE")),
        ("control", "/api/control/a/b/c", (500, "OUTCOME_UNKNOWN")),
    ],
)
def test_what_may_have_been_done_is_not_done_again(
    new_edge: NewEdge, tmp_path: Path, area: str, path: str, said: tuple[int, str]
) -> None:
    edge = _edge(new_edge, area, tmp_path / "asked")
    reply = _call_of_which_a_replica_dies(edge, "POST", path, tmp_path / "asked")
    assert (reply.status, reply.json["details"][0]["reason"]) == said
    assert len((tmp_path / "asked").read_text().splitlines()) == 1
