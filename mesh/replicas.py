"""The replicas of a service as gRPC finds them, by their addresses or by one name that stands for all."""

from ipaddress import ip_address

#: Who says which addresses a name has: what the system asks.
RESOLVER = "dns:///"

#: Calls take turns. A name is resolved again when a connection ends, which our servers see to now and then
#: (mesh/serve.py); by default not within half a minute of the last time, in which all it stood for may have gone.
BALANCED = (("grpc.lb_policy_name", "round_robin"), ("grpc.dns_min_time_between_resolutions_ms", 1_000))


def target(addresses: str) -> str:
    """What a channel connects to.

    Args:
        addresses: `HOST:PORT` of one name, or `HOST:PORT[,HOST:PORT...]` of numeric addresses of one kind.

    Raises:
        ValueError: they are something else.
    """
    kinds = [_kind(address.rpartition(":")[0].strip("[]")) for address in addresses.split(",")]
    if len(set(kinds)) == 1 and kinds[0]:
        return f"{kinds[0]}:{addresses}"
    if len(kinds) == 1:
        return RESOLVER + addresses
    raise ValueError(
        f"is {addresses!r}: HOST:PORT of one name, or of one or more numeric addresses, all IPv4 or all IPv6"
    )


def _kind(host: str) -> str:
    """What gRPC calls numeric addresses like this one; empty where it is a name."""
    try:
        return f"ipv{ip_address(host).version}"
    except ValueError:
        return ""
