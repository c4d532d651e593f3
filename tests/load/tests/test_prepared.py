"""What is made of the bytes of one host's report is what another host would have reported."""

import pytest

from scope.collection.v1.messages_pb2 import PublishRequest
from scope.report.v1.report_pb2 import Connections, Report
from scope_sdk.report.check import check
from scope_sdk.report.encode import Encoder
from scope_sdk.report.state import ProbeState
from tests.load.prepared import FULL_EVERY, Script, Stamp
from tests.load.synthetic import Fleet

HOSTS = 7


def _without_measurements(report: Report) -> Report:
    """Those are random. Addresses are in the order of the host that the bytes were made from."""
    said = Report()
    said.CopyFrom(report)
    said.ClearField("metrics")
    said.ClearField("connections")
    return said


def _ends(connections: Connections) -> set[tuple[object, ...]]:
    addresses = connections.addresses
    return {
        (owner, addresses[local], local_port, addresses[remote], remote_port, incoming)
        for owner, local, local_port, remote, remote_port, incoming in zip(
            connections.owners,
            connections.local_addresses,
            connections.local_ports,
            connections.remote_addresses,
            connections.remote_ports,
            connections.incoming,
            strict=True,
        )
    }


@pytest.mark.parametrize("host", [0, 3, 6])
def test_every_host_reports_what_it_would_report_by_itself(host: int) -> None:
    script, encoder = Script(0), Encoder(1)
    base = Report()
    for round_ in range(5):
        builder = Fleet(HOSTS).report(host, round_, [998_000, 999_000, 1_000_000])
        expected = encoder.delta(builder, base) if round_ else encoder.full(builder)
        base = base if round_ else expected
        made = Report.FromString(script.template(round_).body(host, HOSTS))
        check(made)
        assert _without_measurements(made) == _without_measurements(expected)
        assert _ends(made.connections) == _ends(expected.connections)
        assert [column.nodes for column in made.metrics] == [column.nodes for column in expected.metrics]


def test_reports_of_any_turn_continue_each_other() -> None:
    for turn in (0, 7):
        script, state = Script(turn), ProbeState()
        fulls = []
        for round_ in range(2 * FULL_EVERY):
            body = script.template(round_).body(2, HOSTS)
            stamp = Stamp(9, round_ + 1, script.base(round_), 77_000 + round_)
            report = Report.FromString(PublishRequest.FromString(stamp.request(body)).report)
            assert (report.epoch, report.number, report.time_unix_ms) == (9, round_ + 1, 77_000 + round_)
            assert state.offer(report)
            fulls += [round_] * (not report.base)
        assert fulls == [round_ for round_ in range(2 * FULL_EVERY) if not round_ or (round_ + turn) % FULL_EVERY == 0]


def test_a_script_that_is_repeated_continues_itself() -> None:
    script, state = Script(0), ProbeState()
    for round_ in range(2 * FULL_EVERY + 3):
        body = script.template(round_ % FULL_EVERY).body(0, HOSTS)
        stamp = Stamp(9, round_ + 1, script.base(round_), 77_000)
        assert state.offer(Report.FromString(PublishRequest.FromString(stamp.request(body)).report))
