from tests.load.ingest import failures, of_the_mesh, per_core


def test_acknowledged_reports_that_were_not_appended_are_a_failure() -> None:
    assert failures([{"count": 3}], 0) == []
    assert failures([{"count": 3}], -2) == []
    assert failures([{"count": 3}], 2) == ["2 acknowledged reports are not in the log"]


def test_a_part_without_a_report_is_a_failure() -> None:
    assert failures([{"count": 0}, {"count": 3}], 0) == ["nothing was acknowledged"]


def test_what_one_core_could_take_counts_all_replicas_and_no_others() -> None:
    usage = {
        "collection-0": {"cpu_percent": 30.0},
        "collection-1": {"cpu_percent": 20.0},
        "envoy-0": {"cpu_percent": 90.0},
    }
    assert per_core(100, usage, "collection") == 200
    assert per_core(100, usage, "query") is None
    assert per_core(100, {**usage, "collection-1": {"cpu_percent": None}}, "collection") is None


def test_what_the_mesh_spends_is_said_without_what_is_no_part_of_it() -> None:
    usage = {
        "collection-0": {"cpu_percent": 30.0},
        "envoy-0": {"cpu_percent": 10.0},
        "load_generator": {"cpu_percent": 50.0},
        "everything_else": {"cpu_percent": 90.0},
    }
    assert of_the_mesh(1000, usage) == 400
    assert of_the_mesh(1000, {**usage, "envoy-0": {"cpu_percent": None}}) is None
