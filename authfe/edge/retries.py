"""Once more, on another replica."""

from authfe.edge.typed import Config, extension


def elsewhere(retry_on: str) -> Config:
    """A retry policy for these conditions that avoids the replicas that were tried."""
    # A hashed call looks for another replica by walking the ring, where neighbours are often the same one.
    return {
        "retry_on": retry_on,
        "num_retries": 2,
        "retry_host_predicate": [
            extension(
                "envoy.retry_host_predicates.previous_hosts",
                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ],
        "host_selection_retry_max_attempts": 64,
    }
