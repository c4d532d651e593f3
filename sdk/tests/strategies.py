"""Arbitrary builders: a few hosts, processes and containers with every kind of fact."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from scope.report.v1.report_pb2 import Plugin
from scope.report.v1.template_pb2 import (
    ArgumentTemplate,
    ControlTemplate,
    MetricTemplate,
    RowTemplate,
    TopologyTemplates,
)
from scope.report.v1.topology_pb2 import Topology
from scope_sdk import Builder, NodeFacts, ids

HOSTS = ("one", "two")
NODES = [
    *[(Topology.TOPOLOGY_PROCESS, ids.process_id(host, pid)) for host in HOSTS for pid in (1, 2, 3)],
    *[(Topology.TOPOLOGY_CONTAINER, ids.container_id(name)) for name in ("abc", "def")],
]
MOMENTS = st.integers(1_700_000_000_000, 1_700_000_000_009)

keys = st.sampled_from(["pid", "os", "cmdline", "networks"])
words = st.text(max_size=5)
numbers = st.floats(allow_nan=False, allow_infinity=False)
samples = st.lists(st.tuples(MOMENTS, st.floats(width=32, allow_nan=False, allow_infinity=False)), max_size=3)
attributes = st.dictionaries(keys, words | numbers | st.lists(words, max_size=3), max_size=3)
addresses = st.sampled_from(["10.0.0.1", "127.0.0.1", "fe80::1", "::ffff:10.0.0.2"])
controls = st.builds(
    ControlTemplate,
    id=keys,
    permission=words,
    arguments=st.lists(
        st.builds(ArgumentTemplate, name=keys, choices=st.lists(words, max_size=2)),
        max_size=2,
        unique_by=lambda a: a.name,
    ),
)
rows = st.dictionaries(words, st.tuples(words, words), max_size=2)

thorough = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties of whole builders, which take a while to draw."""


def facts(topology: Topology.ValueType, id_: str) -> st.SearchStrategy[NodeFacts]:
    return st.builds(
        NodeFacts,
        topology=st.just(topology),
        id=st.just(id_),
        label=words,
        parents=st.just(()),
        attributes=attributes,
        metrics=st.dictionaries(st.sampled_from(["cpu", "memory"]), samples, max_size=2),
        maxima=st.dictionaries(st.sampled_from(["cpu", "memory"]), st.floats(width=32, min_value=1, max_value=9)),
        tables=st.dictionaries(st.sampled_from(["labels", "env"]), rows, max_size=2),
        controls=st.lists(st.sampled_from(["stop", "restart"]), max_size=2),
        addresses=st.lists(st.sampled_from(["10.0.0.1", "one;172.17.0.2", "fe80::1"]), max_size=2, unique=True),
    )


@st.composite
def builders(draw: st.DrawFn) -> Builder:
    builder = Builder()
    hosts = draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=2, unique=True))
    for host in hosts:
        builder.add(draw(facts(Topology.TOPOLOGY_HOST, ids.host_id(host))))
    for topology, id_ in draw(st.lists(st.sampled_from(NODES), max_size=6, unique=True)):
        if topology == Topology.TOPOLOGY_PROCESS and id_.partition(";")[0] not in hosts:
            continue
        node = draw(facts(topology, id_))
        node.parents = draw(st.lists(st.sampled_from(sorted(builder.nodes)), max_size=2, unique=True))
        builder.add(node)
    owners = [id_ for id_ in builder.nodes if ";<container>" not in id_]
    for owner in draw(st.lists(st.sampled_from(owners), max_size=3)):
        local, remote = draw(st.tuples(addresses, addresses))
        builder.connect(owner, (local, draw(st.integers(0, 65_535))), (remote, 80), incoming=draw(st.booleans()))
    if draw(st.booleans()):
        builder.translate(("10.0.0.1", 80), ("172.17.0.2", 8080))
        builder.name("10.0.0.1", forward=draw(st.sets(words.filter(bool))))
        builder.plugin(Plugin(id="p", label=draw(words)))
        builder.template(
            TopologyTemplates(
                topology=Topology.TOPOLOGY_HOST,
                rows=[RowTemplate(id=draw(keys), label="Row", priority=draw(numbers))],
                metrics=[MetricTemplate(id="cpu", label=draw(words))],
                controls=[draw(controls)],
            )
        )
    return builder
