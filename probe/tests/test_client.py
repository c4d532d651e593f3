"""The command line for people, as far as it goes without a service."""

import subprocess
import sys

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status as Told
from grpc.aio import AioRpcError, Metadata
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from scope.query.v1.change_pb2 import TopologyChange
from scope.query.v1.messages_pb2 import WatchTopologyResponse
from scope.query.v1.node_pb2 import MetadataRow, Metric, NodeSummary
from scope_probe.cli import app
from scope_probe.client import listing, words
from scope_probe.client.failures import Status
from scope_probe.client.following import Change, Follower, line
from scope_probe.client.link import failure

NOBODY = "127.0.0.1:9"
TOKEN = "scope-token-of-a-test"


def scope(*arguments: str, **environment: str) -> Result:
    return CliRunner(env={"COLUMNS": "500", "TERM": "dumb", "SCOPE_URL": "", "SCOPE_TOKEN": "", **environment}).invoke(
        app, arguments
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["ps"], {"SCOPE_TOKEN": TOKEN}, ["the service's address", "SCOPE_URL"]),
        (["ps"], {"SCOPE_URL": NOBODY}, ["an API token", "SCOPE_TOKEN"]),
        (["exec", "web"], {"SCOPE_URL": NOBODY, "SCOPE_TOKEN": "a b"}, ["no spaces"]),
        (["watch", "hosts"], {"SCOPE_URL": "8.8.8.8:80", "SCOPE_TOKEN": TOKEN}, ["in clear", "--plaintext"]),
        (["watch"], {"SCOPE_URL": NOBODY, "SCOPE_TOKEN": TOKEN}, ["TOPOLOGY"]),
        (["ps", "--output", "xml"], {"SCOPE_URL": NOBODY, "SCOPE_TOKEN": TOKEN}, ["table", "json"]),
    ],
)
def test_what_was_called_wrongly_is_told_what_to_do(
    arguments: list[str], environment: dict[str, str], said: list[str]
) -> None:
    result = scope(*arguments, **environment)
    assert result.exit_code == 2
    assert all(word in result.output for word in said), result.output
    assert TOKEN not in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ps", "hosts", "stopped"], "'stopped' must have the form key=value"),
        (["ps", "stopped=both", "stopped=both"], "'stopped' is told twice"),
        (["ps", "colour=red"], "there is no option 'colour'; there are system, stopped"),
        (["watch", "hosts", "timestamp=2026-01-01T00:00:00Z"], "there is no option 'timestamp'"),
        (["control", "web", "signal", "HUP"], "'HUP' must have the form key=value"),
    ],
)
def test_words_that_mean_nothing_are_refused_before_anybody_is_asked(arguments: list[str], said: str) -> None:
    result = scope(*arguments, SCOPE_URL=NOBODY, SCOPE_TOKEN=TOKEN)
    assert result.exit_code == Status.USAGE
    assert said in result.output


@pytest.mark.parametrize(("resource", "status"), [("topology", Status.USAGE), ("node", Status.NO_TARGET)])
def test_a_topology_that_is_not_there_is_a_wrong_word_and_no_missing_node(resource: str, status: Status) -> None:
    told = Told(code=5, message="none")
    told.details.add().Pack(ErrorInfo(domain="scope", reason="NOT_FOUND", metadata={"resource": resource}))
    trailers = Metadata(("grpc-status-details-bin", told.SerializeToString()))
    refused = AioRpcError(grpc.StatusCode.NOT_FOUND, Metadata(), trailers, details="none")
    assert failure(refused, NOBODY).status == status


@pytest.mark.parametrize("arguments", [["ps"], ["watch", "hosts"], ["control", "web"], ["exec", "web"]])
def test_a_service_that_is_not_there_is_named(arguments: list[str]) -> None:
    result = scope(*arguments, SCOPE_URL=NOBODY, SCOPE_TOKEN=TOKEN)
    assert result.exit_code == Status.UNAVAILABLE
    assert f"{NOBODY} does not answer" in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert TOKEN not in result.output


@pytest.mark.parametrize("command", ["ps", "watch", "control", "exec"])
def test_help_says_how_it_ends_and_what_the_environment_says(command: str) -> None:
    result = scope(command, "--help")
    assert result.exit_code == 0
    for said in ("SCOPE_URL", "SCOPE_TOKEN", "SCOPE_ORG", "SCOPE_CA_FILE", "--plaintext", "77", "130", "Examples"):
        assert said in result.output


def test_help_waits_for_nothing_of_what_commands_need() -> None:
    imported = "import sys, scope_probe.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True)
    assert not {"grpc", "scope_sdk", "psutil", "asyncio.events", "google.protobuf"} & set(done.stdout.split())


def node(name: str, *rows: MetadataRow, **fields: object) -> NodeSummary:
    return NodeSummary(id=f"{name};<host>", label=name, metadata=rows, **fields)


def row(value: str, data_type: str = "") -> MetadataRow:
    return MetadataRow(id="row", label="Row", value=value, data_type=data_type)


def reset(*nodes: NodeSummary, cursor: str = "") -> WatchTopologyResponse:
    return WatchTopologyResponse(reset=TopologyChange(add=nodes), cursor=cursor)


def update(*nodes: NodeSummary, remove: tuple[str, ...] = (), cursor: str = "") -> WatchTopologyResponse:
    return WatchTopologyResponse(update=TopologyChange(update=nodes, remove=remove), cursor=cursor)


def kinds(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.node.label) for change in changes]


def test_a_reset_says_what_truly_changed_once_all_of_it_came() -> None:
    follower = Follower()
    assert kinds(follower.take(reset(node("a")))) == []
    assert kinds(follower.take(update(node("b"), cursor="1"))) == [("add", "a"), ("add", "b")]
    assert kinds(follower.take(reset(node("b", row("new")), node("c")))) == []
    assert follower.cursor == "1"
    told = follower.take(update(node("d"), remove=("c;<host>",), cursor="2"))
    assert kinds(told) == [("remove", "a"), ("update", "b"), ("add", "d")]
    assert follower.cursor == "2"


def test_measurements_alone_change_nothing_and_what_was_never_there_does_not_leave() -> None:
    follower = Follower()
    follower.take(reset(node("a", metrics=[Metric(id="cpu", value=1)]), cursor="1"))
    assert follower.take(reset(node("a", metrics=[Metric(id="cpu", value=2)]), cursor="2")) == []
    assert follower.take(update(remove=("never;<host>",), cursor="3")) == []


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)), st.booleans())))
def test_whatever_is_told_the_changes_lead_to_what_there_is(
    told: list[tuple[bool, list[int], list[int], bool]],
) -> None:
    follower, truth, shown = Follower(), set[str](), set[str]()
    whole = False
    for anew, there, gone, complete in told:
        come = [node(str(number)) for number in there]
        change = TopologyChange(add=come, remove=[f"{number};<host>" for number in gone])
        begins = anew or (not truth and not whole)
        response = WatchTopologyResponse(cursor="x" if complete else "")
        (response.reset if begins else response.update).CopyFrom(change)
        truth = (set() if begins else truth) - {f"{number};<host>" for number in gone} | {one.id for one in come}
        for one in follower.take(response):
            assert (one.kind == "add") == (one.node.id not in shown)
            shown = shown - {one.node.id} if one.kind == "remove" else shown | {one.node.id}
        whole = complete or (whole and not begins)
        assert not whole or shown == truth


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (node("a", row("up")), node("a", row("down")), "Row: up → down"),
        (node("a"), node("a", row("up")), "Row: none → up"),
        (node("a"), node("a", quiet=True), "not heard of lately"),
        (node("a"), node("a", adjacency=["b", "c"]), "connections: 2 more, 0 fewer"),
        (node("a", row("60", "duration")), node("a", row("63", "duration")), None),
    ],
)
def test_an_update_says_what_it_changed(before: NodeSummary, after: NodeSummary, said: str | None) -> None:
    told = line(Change("update", after, before))
    assert (said in told) if said else not told


def test_a_table_has_what_was_reported_in_columns_that_hold_something() -> None:
    metric = Metric(id="host_mem_usage_bytes", label="Memory", format="filesize", value=3 << 30)
    uptime = MetadataRow(id="uptime", label="Uptime", value="7200", data_type="duration")
    shown = listing.table("hosts", [node("b", uptime), node("a", metrics=[metric]), node("cloud", pseudo=True)])
    assert shown == ["NAME  UPTIME  MEMORY  ID", "a             3 GiB   a;<host>", "b     2 h             b;<host>"]
    assert listing.table("pods", []) == ["No pods."]
    other = listing.table("anything", [NodeSummary(id="1", label="x", label_minor="y", metadata=[row("z")])])
    assert other == ["NAME  ABOUT  ROW  ID", "x     y      z    1"]


@pytest.mark.parametrize(
    ("data_type", "value", "shown"),
    [
        ("duration", "59", "59 s"),
        ("duration", "172800", "2 d"),
        ("duration", "soon", "soon"),
        ("duration", "1e999", "1e999"),
        ("datetime", "2026-01-01T00:00:00+01:00", "2025-12-31 23:00:00Z"),
        ("datetime", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("", "\x1b[2Jcleared", "?[2Jcleared"),
    ],
)
def test_rows_are_shown_as_they_are_meant_and_move_no_cursor(data_type: str, value: str, shown: str) -> None:
    assert words.row(row(value, data_type)) == shown


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        ("percent", 99.96, "100.0 %"),
        ("filesize", 1023, "1023 B"),
        ("filesize", 1536, "1.5 KiB"),
        ("filesize", 5 << 50, "5120 TiB"),
        ("integer", 7.0, "7"),
        ("", 0.5, "0.5"),
        ("", 100, "100"),
    ],
)
def test_measurements_have_their_units(unit: str, value: float, shown: str) -> None:
    assert words.measured(Metric(format=unit, value=value)) == shown
