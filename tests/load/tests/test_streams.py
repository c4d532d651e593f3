from tests.load.streams import failures, kilobytes


def test_streams_that_did_not_last_are_a_failure() -> None:
    assert failures({"1000": {"held": 1000}, "5000": {"held": 4999}}) == ["of 5000 streams 4999 were held"]


def test_memory_is_said_of_one_stream() -> None:
    before = {"collection": 100.0, "envoy": 60.0}
    assert kilobytes(before, {"collection": 130.0, "envoy": None}, 1000) == {"collection_kb": 30, "envoy_kb": None}
