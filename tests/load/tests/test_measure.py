import pytest

from tests.load.measure import Window, durations, percentile


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (50.5, 51), (95, 95), (99.9, 100), (100, 100)]
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], percent) == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7.0], percent) for percent in (0, 50, 100)] == [7, 7, 7]


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_durations_are_in_milliseconds_and_nothing_measured_is_not_zero() -> None:
    assert durations([0.001, 0.002, 0.1]) == {"count": 3, "p50_ms": 2, "p95_ms": 100, "p99_ms": 100, "max_ms": 100}
    assert durations([]) == {
        "count": 0,
        "p50_ms": None,
        "p95_ms": None,
        "p99_ms": None,
        "max_ms": None,
    }


def test_a_window_has_its_beginning_but_not_its_end() -> None:
    window = Window(1, 2)
    assert [moment in window for moment in (0.9, 1, 1.9, 2)] == [False, True, True, False]
