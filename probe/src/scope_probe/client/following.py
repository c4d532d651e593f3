"""`scope watch`: what changes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import grpc
import grpc.aio

from scope.query.v1.messages_pb2 import WatchTopologyRequest, WatchTopologyResponse
from scope.query.v1.node_pb2 import NodeSummary
from scope_probe.client import names
from scope_probe.client.failures import Failure, Status
from scope_probe.client.link import Link, connected
from scope_probe.client.listing import EXPECTED, as_dict
from scope_probe.client.telling import Outage, say
from scope_probe.client.words import clean, row
from scope_sdk import Service
from scope_sdk.backoff import Backoff

_SIGNS = {"add": "+", "update": "~", "remove": "-"}
_LOST = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,  # how a killed process looks
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)


@dataclass(frozen=True)
class Change:
    """A node that came, changed (from `before`), or left."""

    kind: Literal["add", "update", "remove"]
    node: NodeSummary
    before: NodeSummary | None = None


class Follower:
    """What a topology holds, by what its watcher was told.

    Attributes:
        cursor: where the watcher is; empty before anything came.
    """

    def __init__(self) -> None:
        self.cursor = ""
        self._nodes: dict[str, NodeSummary] = {}
        self._fresh: dict[str, NodeSummary] | None = None

    def take(self, told: WatchTopologyResponse) -> list[Change]:
        """What is different now. After a reset only what truly is: nobody sees that there was one."""
        if told.HasField("reset"):
            self._fresh = {}
        change = told.reset if told.HasField("reset") else told.update
        self.cursor = told.cursor or self.cursor
        after = dict(self._nodes) if self._fresh is None else self._fresh
        for name in change.remove:
            after.pop(name, None)
        after.update((node.id, node) for node in (*change.add, *change.update))
        if self._fresh is not None and not told.cursor:
            return []
        before, self._nodes, self._fresh = self._nodes, after, None
        return list(_differences(before, after))


def _differences(before: Mapping[str, NodeSummary], after: Mapping[str, NodeSummary]) -> Iterator[Change]:
    for name, node in before.items():
        if name not in after:
            yield Change("remove", node)
    for name, node in after.items():
        was = before.get(name)
        if was is None:
            yield Change("add", node)
        elif was is not node and _kept(was) != _kept(node):
            yield Change("update", node, was)


def _kept(node: NodeSummary) -> NodeSummary:
    """The node without its measurements, which are none of its changes."""
    kept = NodeSummary()
    kept.CopyFrom(node)
    kept.ClearField("metrics")
    return kept


async def follow(service: Service, topology: str, asked: Sequence[str], *, as_json: bool) -> None:
    """Prints what there is, and then what changes, for as long as it is let."""
    follower, backoff, outage = Follower(), Backoff(), Outage()
    request = WatchTopologyRequest(topology=topology, **EXPECTED | names.options(asked, WatchTopologyRequest))
    async with connected(service) as link:
        while True:
            try:
                async for told in _until_end(link, request):
                    backoff.reset()
                    outage.ends()
                    _print(follower.take(told), as_json=as_json)
                    request.cursor = follower.cursor
            except grpc.aio.AioRpcError as error:
                if not follower.cursor or error.code() not in _LOST:
                    raise
            outage.begins(f"{service.target} does not answer; trying again")
            await asyncio.sleep(backoff.next())


async def _until_end(link: Link, request: WatchTopologyRequest) -> AsyncIterator[WatchTopologyResponse]:
    """What is told of nodes, until the stream ends and may be opened again."""
    async for told in link.watch(request):
        event = told.WhichOneof("event")
        if event == "failure":
            say(f"what is shown may be out of date: {told.failure.message}")
        elif event == "end" and told.end.reason != "DRAIN":
            raise Failure(Status.NOT_ALLOWED, told.end.message)
        elif event == "end":
            return
        elif event in {"reset", "update"}:
            yield told


def _print(changes: Iterable[Change], *, as_json: bool) -> None:
    lines = map(_object if as_json else line, changes)
    for text in filter(None, lines):
        print(text, flush=True)


def _object(change: Change) -> str:
    return json.dumps({"change": change.kind, "node": as_dict(change.node)}, ensure_ascii=False)


def line(change: Change) -> str:
    """A change for people; empty where they would see none."""
    node, said = change.node, "; ".join(_said(change))
    if change.kind == "update" and not said:
        return ""
    name = " ".join(filter(None, (clean(node.label), clean(node.label_minor) and f"({clean(node.label_minor)})")))
    return "  ".join(filter(None, (f"{time.strftime('%H:%M:%S')} {_SIGNS[change.kind]} {name}", said, clean(node.id))))


def _said(change: Change) -> Iterator[str]:
    """What an update changed."""
    before, node = change.before, change.node
    if before is None:
        return
    if before.quiet != node.quiet:
        yield "not heard of lately" if node.quiet else "heard of again"
    old = {fact.id: row(fact) for fact in before.metadata}
    for fact in node.metadata:
        # How long something runs changes all the time.
        if fact.data_type != "duration" and old.get(fact.id, "") != row(fact):
            yield f"{clean(fact.label)}: {old.get(fact.id) or 'none'} → {row(fact) or 'none'}"
    ends, were = set(node.adjacency), set(before.adjacency)
    if ends != were:
        yield f"connections: {len(ends - were)} more, {len(were - ends)} fewer"
