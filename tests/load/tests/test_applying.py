from tests.load.applying import cost


def test_every_part_of_taking_in_a_report_has_its_cost() -> None:
    rows = cost(7, ["hosts"])
    costs = {name: row["us_per_report"] or 0 for name, row in rows.items()}
    assert costs.keys() == {"full", "delta", "one_full_in_20", "joining"}
    assert 0 < costs["delta"] < costs["one_full_in_20"] < costs["full"]
    assert costs["joining"] > 0
