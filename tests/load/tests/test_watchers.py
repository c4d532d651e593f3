from tests.load.measure import Window, now
from tests.load.watchers import _Reader, of_many

FEW = {"events": 40, "query_cpu_seconds": 1.0, "envoy_cpu_seconds": 0.5}
MANY = {"events": 4_040, "query_cpu_seconds": 1.5, "envoy_cpu_seconds": 2.5}


def test_many_watchers_are_compared_with_few() -> None:
    assert of_many(FEW, MANY) == {"query_times": 1.5, "envoy_us_per_event": 500}


def test_what_is_not_known_is_not_compared() -> None:
    assert of_many(FEW, {**MANY, "query_cpu_seconds": None}) == {"query_times": None, "envoy_us_per_event": None}
    assert of_many(FEW, FEW)["envoy_us_per_event"] is None


def test_events_are_counted_wherever_what_arrives_is_cut() -> None:
    stream = b"HTTP/1.1 200 OK\r\n\r\n10\r\nevent: update\ndata: {}\n\n\r\n5\r\n:\n\n\r\n"
    for cut in range(12, len(stream)):
        reader = _Reader(Window(now() - 1, now() + 9))
        reader.data_received(stream[:cut])
        reader.data_received(stream[cut:])
        assert (reader.events, reader.size, reader.ended) == (2, len(stream), False)


def test_a_refused_watch_has_ended() -> None:
    reader = _Reader(Window(0, 1))
    reader.data_received(b"HTTP/1.1 401 Unauthorized\r\n")
    assert reader.ended
