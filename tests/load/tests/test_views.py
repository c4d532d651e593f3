from tests.load.measure import durations
from tests.load.views import failures


def test_a_lost_report_is_a_failure() -> None:
    assert failures({"get_hosts": durations([0.1])}, 0) == []
    assert failures({"get_hosts": durations([0.1])}, 2) == ["2 acknowledged reports are not in the log"]


def test_a_figure_that_is_missing_is_a_failure() -> None:
    assert failures({"get_hosts": durations([])}, 0) == ["get_hosts: nothing was measured"]
