import asyncio
import threading

import pytest

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer
from probe.tests.kubernetes.calling import Reader, calls
from probe.tests.waiting import DEADLINE, until
from scope.pipe.v1.messages_pb2 import End
from scope_probe.kubernetes import logs
from scope_sdk.controls import ControlError, Ended, Stream
from scope_sdk.pipes import PipeEnded

pytestmark = pytest.mark.integration

LOGS = "kubernetes_get_logs"
POD, PAIR = "uid-edge;<pod>", "uid-pair;<pod>"


@pytest.fixture
def pair(api: ApiServer) -> ApiServer:
    """A pod of two containers, of which one began before the other, and one that is done."""
    spec = {
        "initContainers": [{"name": "setup"}, {"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "main"}],
    }
    api.put("pods", shop.pod("pair", "ant", "10.1.0.7", spec=spec))
    return api


async def test_what_a_container_prints_is_shown_as_it_comes(api: ApiServer) -> None:
    api.print("edge", "main", "one", "two")
    async with calls() as cluster, cluster.printing(LOGS, POD) as (reader, session):
        assert await reader.until("two\n") == "one\ntwo\n"
        api.print("edge", "main", "", "  three ünï")
        assert await reader.until("ünï\n") == "one\ntwo\n\n  three ünï\n"
        assert not session.done()
        api.end_log("edge", "main")
        assert await asyncio.wait_for(session, DEADLINE) == Ended()
        assert reader.text == "one\ntwo\n\n  three ünï\n"


async def test_a_container_that_prints_nothing_yet_is_waited_for(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "QUIET_SECONDS", 0.1)
    async with calls() as cluster, cluster.printing(LOGS, POD) as (reader, _):
        await until(lambda: api.one.asked.count("get pods/log") > 3)
        api.print("edge", "main", "at last")
        assert await reader.until("last\n") == "at last\n"


async def test_lines_of_several_containers_say_whose_they_are(
    pair: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    pair.print("pair", "proxy", "p1")
    pair.print("pair", "main", "m1", "m2")
    pair.end_log("pair", "proxy")
    pair.end_log("pair", "main")
    async with calls() as cluster:
        text = await cluster.printed(LOGS, PAIR)
    lines = text.splitlines()
    assert sorted(lines) == ["[main] m1", "[main] m2", "[proxy] p1"]
    assert lines.index("[main] m1") < lines.index("[main] m2")
    assert caplog.messages == []


async def test_a_log_begins_with_its_last_lines(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "TAIL_LINES", 3)
    api.print("edge", "main", *map(str, range(10)))
    api.end_log("edge", "main")
    async with calls() as cluster:
        assert await cluster.printed(LOGS, POD) == "7\n8\n9\n"


@pytest.mark.parametrize("quiet", [0.05, 30.0])
async def test_no_line_is_lost_or_doubled_where_a_log_breaks_off(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, quiet: float
) -> None:
    monkeypatch.setattr(logs, "QUIET_SECONDS", quiet)
    monkeypatch.setattr(logs, "TAIL_LINES", 10)
    api.print("edge", "main", *map(str, range(10)))
    async with calls() as cluster, cluster.printing(LOGS, POD) as (reader, session):
        for ten in range(1, 6):
            await reader.until(f"{10 * ten - 1}\n")
            api.cut()
            api.print("edge", "main", *map(str, range(10 * ten, 10 * ten + 10)))
        await reader.until("59\n")
        api.end_log("edge", "main")
        await asyncio.wait_for(session, DEADLINE)
        assert reader.text == "".join(f"{number}\n" for number in range(60))


async def test_a_log_that_breaks_off_for_good_says_so(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs.Backoff, "next", lambda _: 0.0)
    api.print("edge", "main", "one")
    async with calls() as cluster, cluster.printing(LOGS, POD) as (reader, session):
        await reader.until("one\n")
        api.stop()
        assert await asyncio.wait_for(session, DEADLINE) == Ended()
        assert "not reached: the log broke off" in reader.text


async def test_what_does_not_run_yet_is_said(pair: ApiServer) -> None:
    pair.one.waiting |= {("pair", "proxy")}
    pair.print("pair", "main", "m1")
    pair.end_log("pair", "main")
    async with calls() as cluster:
        text = await cluster.printed(LOGS, PAIR)
        assert min(text.splitlines()) == "[main] m1"
        assert '[proxy] the API server refuses: container "proxy" in pod "pair" is waiting to start' in text
        pair.one.waiting |= {("pair", "main")}
        with pytest.raises(ControlError, match="is waiting to start: ContainerCreating"):
            await cluster.call(LOGS, PAIR)


async def test_a_long_line_is_shown_in_parts(api: ApiServer) -> None:
    long = "x" * 300_000
    api.print("edge", "main", long, "short")
    api.end_log("edge", "main")
    async with calls() as cluster:
        text = await cluster.printed(LOGS, POD)
    assert text.replace("\n", "") == f"{long}short"
    assert text.endswith("\nshort\n")
    assert max(map(len, text.split("\n"))) < 200_000


class Gone(Reader):
    """The end of a pipe that is over after the first bytes."""

    async def write(self, data: bytes) -> None:
        raise PipeEnded(End())


async def test_a_pipe_that_is_over_ends_it(pair: ApiServer) -> None:
    pair.print("pair", "main", "one")
    async with calls() as cluster:
        found = await cluster.call(LOGS, PAIR)
        assert isinstance(found, Stream)
        assert await asyncio.wait_for(found.session(Gone()), DEADLINE) == Ended()


def waiting() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "kubernetes call"]


async def test_who_does_not_read_any_more_leaves_nothing_behind(
    pair: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "QUIET_SECONDS", 10.0 * DEADLINE)
    pair.print("pair", "proxy", "one")
    pair.print("pair", "main", "one")
    async with calls() as cluster:
        async with cluster.printing(LOGS, PAIR) as (reader, _):
            await reader.until("[proxy] one\n")
            await reader.until("[main] one\n")
            await until(lambda: len(waiting()) == 2)
        await until(lambda: not waiting())
