"""What may change in what the probes of the made-up cluster say.

Changes come from small pools, so that what several probes say meets, and contradicts itself, often.
"""

from collections.abc import Collection, Mapping, Sequence

from hypothesis import strategies as st

from query.tests.cluster import (
    CRON_JOB,
    DEPLOYMENT,
    JOB,
    LAN,
    REPLICA_SET,
    End,
    Named,
    Socket,
    Translation,
    Word,
    container,
    host,
    image,
    kubernetes,
    namespace_id,
    pod,
    process,
    service_id,
)
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import container_id, host_id, process_id

#: A name, and what is said under it from now on; None for nothing.
Change = tuple[str, Word | None]

_ROLE = {"works.weave.role": "system"}
_ENDS: list[End] = [
    *((address, port) for address in ("10.0.0.1", "10.0.0.2") for port in (80, 5000, 8080, 55000)),
    *((address, port) for address in ("a;172.17.0.2", "b;172.17.0.2") for port in (80, 5000)),
    *((address, port) for address in ("10.1.0.1", "10.1.0.2") for port in (80, 5000)),
    ("10.96.0.1", 80),
    ("192.168.7.9", 80),
    ("192.168.7.200", 4000),
    ("fd00::7", 80),
    ("a;172.17.0.1", 5000),
    ("a;172.18.0.3", 80),
    ("8.8.8.8", 53),
    ("2001:db8::9", 443),
    ("52.0.0.1", 443),
    ("a;127.0.0.1", 5000),
    ("a;127.0.0.1", 80),
    ("0.0.0.0", 80),
]
#: Connections that make sense, translated ones among them as each side sees them.
_FLOWS: list[tuple[End, End]] = [
    (("10.0.0.2", 5000), ("10.0.0.1", 80)),
    (("10.0.0.2", 5000), ("10.0.0.1", 8080)),
    (("10.0.0.2", 5000), ("a;172.17.0.2", 80)),
    (("b;172.17.0.2", 5000), ("10.0.0.1", 8080)),
    (("b;172.17.0.2", 5000), ("a;172.17.0.2", 80)),
    (("10.0.0.2", 55000), ("10.0.0.1", 8080)),
    (("10.0.0.2", 55000), ("a;172.17.0.2", 80)),
    (("10.1.0.2", 5000), ("10.96.0.1", 80)),
    (("10.1.0.2", 5000), ("10.1.0.1", 80)),
    (("10.0.0.1", 5000), ("8.8.8.8", 53)),
    (("8.8.8.8", 53), ("10.0.0.1", 80)),
    (("10.0.0.1", 5000), ("52.0.0.1", 443)),
    (("192.168.7.200", 4000), ("10.0.0.1", 80)),
    (("10.0.0.1", 5000), ("192.168.7.9", 80)),
    (("a;127.0.0.1", 5000), ("a;127.0.0.1", 80)),
    (("a;172.17.0.1", 5000), ("a;172.17.0.2", 80)),
]
_TRANSLATIONS = [
    Translation(("10.0.0.1", 8080), ("a;172.17.0.2", 80)),
    Translation(("10.0.0.1", 8080), ("10.1.0.1", 80)),
    Translation(("10.0.0.2", 55000), ("b;172.17.0.2", 5000)),
    Translation(("10.96.0.1", 80), ("10.1.0.1", 80)),
    Translation(("10.96.0.1", 80), ("10.1.0.2", 80)),
    Translation(("10.0.0.2", 8080), ("10.96.0.1", 80)),
    Translation(("8.8.8.8", 53), ("10.0.0.2", 80)),
]
_NAMES = [
    Named("52.0.0.1", ["bucket.s3.amazonaws.com", "cdn.example.org"], []),
    Named("52.0.0.1", ["cdn.example.org"], ["a.googleapis.com"]),
    Named("52.0.0.1", [], ["ec2-52-0-0-1.compute-1.amazonaws.com"]),
    Named("8.8.8.8", ["dns.googleapis.com"], []),
    Named("10.0.0.2", ["inside.amazonaws.com"], []),
]

_networks = st.sampled_from([LAN, (), ("10.0.0.0/8",), ("10.0.0.0/24", "192.168.0.0/16"), ("8.8.8.0/24",)])
_labels = st.sampled_from([{}, {}, _ROLE, {"io.kubernetes.pod.namespace": "kube-system"}, {"color": "red"}])
_flows = st.one_of(st.sampled_from(_FLOWS), st.tuples(st.sampled_from(_ENDS), st.sampled_from(_ENDS)))
_states = st.sampled_from(["running", "running", "exited", "paused", "deleted", ""])
_phases = st.sampled_from(["Running", "Running", "Failed"])
_programs = st.sampled_from(["nginx", "sh"])
_above = st.sampled_from(
    [
        *((), (service_id("s1"),), (service_id("s1"), service_id("s2"), DEPLOYMENT), (DEPLOYMENT,), (JOB,)),
        *((REPLICA_SET,), (REPLICA_SET, DEPLOYMENT, service_id("s2"))),
    ]
)
_namespaces = st.sampled_from(["shop", "kube-system"])


def _may_go(name: str, word: st.SearchStrategy[Word]) -> st.SearchStrategy[Change]:
    """One word by its name, which is sometimes taken away."""
    return st.tuples(st.just(name), st.one_of(word, word, word, st.none()))


def _traffic(owners: Collection[str]) -> st.SearchStrategy[Change]:
    """Changes of connections, their translations and their names, of a probe that reports these owners."""
    held = st.builds(
        lambda owner, flow, incoming, times: Socket(owner, *flow, incoming, times),
        st.sampled_from(sorted(owners)),
        _flows,
        st.booleans(),
        st.integers(1, 2),
    )
    return st.one_of(
        *(_may_go(f"socket {number}", held) for number in range(1, 6)),
        *(_may_go(f"translation {number}", st.sampled_from(_TRANSLATIONS)) for number in (1, 2)),
        *(_may_go(f"names {number}", st.sampled_from(_NAMES)) for number in (1, 2)),
    )


def _containers(name: str, own: Collection[str]) -> st.SearchStrategy[Change]:
    """Changes of processes, containers and their images on a host."""
    inside = st.sampled_from(["", *own])
    names = st.sampled_from(["shop/web:1", "shop/web:2", "weaveworks/scope:1", ""])
    return st.one_of(
        *(
            _may_go(f"process {pid}", st.builds(process, st.just(name), st.just(pid), _programs, inside))
            for pid in (1, 2)
        ),
        *(
            _may_go(f"image {number}", st.builds(image, st.just(f"i{number}"), names, st.sampled_from([{}, {}, _ROLE])))
            for number in (1, 2)
        ),
        *(
            _may_go(
                f"container {one[1:]}",
                st.builds(
                    container,
                    st.just(name),
                    st.just(one),
                    image=st.sampled_from(["i1", "i2", ""]),
                    pod=st.sampled_from(["", "u1", "u2"]),
                    state=_states,
                    hostname=st.sampled_from(["web", "db", ""]),
                    labels=_labels,
                    address=st.sampled_from([f"{name};172.17.0.2", "10.1.0.1", ""]),
                ),
            )
            for one in own
        ),
    )


def _pod(uid: str, name: str, above: st.SearchStrategy[Collection[str]]) -> st.SearchStrategy[Change]:
    addresses = st.sampled_from([[], [f"10.1.0.{uid[1:]}"], ["10.1.0.1"]])
    facts = st.builds(
        pod, st.just(uid), st.just(name), namespace=_namespaces, state=_phases, above=above, addresses=addresses
    )
    return _may_go(f"pod {uid[1:]}", facts)


def _machine(name: str, own: Collection[str], address: str, uid: str) -> st.SearchStrategy[Change]:
    """Changes of a host and what runs on it."""
    addresses = st.sampled_from([[address], [address], [], ["10.0.0.1", "10.1.0.1"]])
    traffic = _traffic({host_id(name), process_id(name, 1), process_id(name, 2), *map(container_id, own)})
    running = _containers(name, own)
    return st.one_of(
        _may_go("host", st.builds(host, st.just(name), _networks, addresses)),
        _pod(uid, name, st.sampled_from([(), (REPLICA_SET,)])),
        _kubernetes("replica set", REPLICA_SET, Topology.TOPOLOGY_REPLICA_SET),
        *(running, running, running, traffic, traffic, traffic),
    )


def _kubernetes(
    name: str, id_: str, kind: Topology.ValueType, addresses: Sequence[Collection[str]] = ((),)
) -> st.SearchStrategy[Change]:
    facts = st.builds(kubernetes, st.just(id_), st.just(kind), _namespaces, st.sampled_from(addresses))
    return _may_go(name, facts)


#: What may change in what each probe says.
CHANGES: Mapping[str, st.SearchStrategy[Change]] = {
    "p": _machine("a", ("c1", "c2"), "10.0.0.1", "u1"),
    "q": _machine("b", ("c3",), "10.0.0.2", "u2"),
    "r": _machine("a", ("c1", "c2"), "10.0.0.1", "u1"),
    "k": st.one_of(
        *(_pod(uid, "", _above) for uid in ("u1", "u2")),
        *(_pod(uid, "", _above) for uid in ("u1", "u2")),
        *(
            _kubernetes(f"service {uid[1:]}", service_id(uid), Topology.TOPOLOGY_SERVICE, ((), ("10.96.0.1",)))
            for uid in ("s1", "s2")
        ),
        *(_kubernetes(f"namespace {uid[1:]}", namespace_id(uid), Topology.TOPOLOGY_NAMESPACE) for uid in ("n1", "n2")),
        _kubernetes("deployment", DEPLOYMENT, Topology.TOPOLOGY_DEPLOYMENT),
        _kubernetes("replica set", REPLICA_SET, Topology.TOPOLOGY_REPLICA_SET),
        _kubernetes("job", JOB, Topology.TOPOLOGY_JOB),
        _kubernetes("cron job", CRON_JOB, Topology.TOPOLOGY_CRON_JOB),
    ),
}
