from tests.load.edge import adds

PROCESSES = {"envoy_us": 100.0, "users_us": 50.0, "query_us": 10.0, "postgres_us": 0.0}


def test_what_a_step_adds_is_the_difference_of_two_ways() -> None:
    direct = {"p50_ms": 1.0, **PROCESSES, "envoy_us": 0.0}
    through = {"p50_ms": 2.5, **PROCESSES}
    fresh = {"p50_ms": 3.0, **PROCESSES, "users_us": None}
    added = adds({"direct": direct, "grpc": through, "rest_public": through, "rest": through, "rest_fresh": fresh})
    assert added["envoy"] == {"p50_ms": 1.5, "envoy_us": 100, "users_us": 0, "query_us": 0, "postgres_us": 0}
    assert added["transcoding"]["p50_ms"] == 0
    assert added["a_fresh_credential"]["users_us"] is None
