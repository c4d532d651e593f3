import pytest

from tests.load.applying import cost


def test_every_part_of_taking_in_a_report_has_its_cost() -> None:
    rows = cost(7, ["hosts"])
    costs = {name: row["us_per_report"] or 0 for name, row in rows.items()}
    assert costs.keys() == {"full", "delta", "one_full_in_20", "joining"}
    assert min(costs.values()) > 0
    assert costs["one_full_in_20"] == pytest.approx((costs["full"] + 19 * costs["delta"]) / 20, abs=0.2)
