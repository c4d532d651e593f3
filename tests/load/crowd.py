"""One host with very many processes, each of which connects to two others: a picture for the browser to draw."""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.nodes import NodeFacts
from tests.load.line import Line
from tests.load.measure import now, pause_until
from tests.load.prepared import FULL_EVERY, Stamp
from tests.load.target import Target

PERIOD = 3.0
"""Seconds from one report to the next."""

EDGES_PER_NODE = 2

_HOST = "crowd"
_ADDRESS = "10.2.0.1"
_BORN = 20  # processes that end in each round, each followed by another
_RENAMED = 60  # others that are called differently
_NEIGHBOURHOOD = 100  # processes that connect to each other, and to few beyond
_HUBS = 10  # of them those that most connect to
_FIRST_PORT = 10_000
_SERVED_PORT = 40_000
_PROBE = "crowd"

CHANGES = 2 * _BORN + _RENAMED
"""Nodes that a round changes: some come, as many leave, others are called differently."""


def report(nodes: int, round_: int, time_ms: int) -> Builder:
    """What the host's probe sees in a round, from 0, at a moment in milliseconds since 1970."""
    builder = Builder()
    builder.template(standard.HOST)
    builder.template(standard.PROCESS)
    builder.add(NodeFacts(topology=Topology.TOPOLOGY_HOST, id=ids.host_id(_HOST), label=_HOST, addresses=[_ADDRESS]))
    for slot in range(nodes):
        builder.add(process(nodes, slot, round_, time_ms))
    for slot in range(nodes):
        for lane, target in enumerate(targets(nodes, slot)):
            client = (_ADDRESS, _FIRST_PORT + slot * EDGES_PER_NODE + lane)
            server = (_ADDRESS, _SERVED_PORT + target)
            builder.connect(_id(nodes, slot, round_), client, server)
            builder.connect(_id(nodes, target, round_), server, client, incoming=True)
    return builder


def targets(nodes: int, slot: int) -> Sequence[int]:
    """Whom the process in a place connects to: a hub of its neighbourhood and, mostly, somebody else there."""
    first = slot - slot % _NEIGHBOURHOOD
    within = min(_NEIGHBOURHOOD, nodes - first)
    hub = first + (slot + 1) % min(_HUBS, within)
    other = (first + _NEIGHBOURHOOD) % nodes if slot % _NEIGHBOURHOOD == 0 else first + (slot * 7 + 3) % within
    return [target if target != slot else (slot + 1) % nodes for target in (hub, other)]


def generation(nodes: int, slot: int, round_: int, changed: int, first: int = 0) -> int:
    """How often the process in a place was changed until a round that changes so many, beginning with a place."""
    return (round_ * changed + nodes - 1 - (slot - first) % nodes) // nodes


def _id(nodes: int, slot: int, round_: int) -> str:
    return ids.process_id(_HOST, 1000 + slot + nodes * generation(nodes, slot, round_, _BORN))


def process(nodes: int, slot: int, round_: int, time_ms: int) -> NodeFacts:
    """The process in a place, in a round."""
    name = f"worker-{slot % 37}-{generation(nodes, slot, round_, _RENAMED, nodes // 2)}"
    return NodeFacts(
        topology=Topology.TOPOLOGY_PROCESS,
        id=_id(nodes, slot, round_),
        label=name,
        parents=[ids.host_id(_HOST)],
        attributes={"name": name},
        metrics={"process_cpu_usage_percent": [(time_ms, random.random() * 100)]},
        maxima={"process_cpu_usage_percent": 100},
    )


def feed(target: Target, nodes: int) -> None:
    """Reports every PERIOD seconds until it is ended."""
    asyncio.run(_feed(target, nodes))


async def _feed(target: Target, nodes: int) -> None:
    encoder, epoch = Encoder(1), time.time_ns() // 1_000_000
    async with Line(target, _PROBE) as line:
        for round_ in itertools.count():
            began = now()
            taken = time.time_ns() // 1_000_000
            builder = report(nodes, round_, taken)
            if round_ % FULL_EVERY == 0:
                base, base_number = encoder.full(builder), 0
                body = base
            else:
                base_number = round_ - round_ % FULL_EVERY + 1
                body = encoder.delta(builder, base)
            stamp = Stamp(epoch, round_ + 1, base_number, taken)
            await line.send(stamp.request(body.SerializeToString()))
            await line.acknowledged(stamp.number)
            await pause_until(began + PERIOD)
