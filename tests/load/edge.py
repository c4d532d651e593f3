"""Mode `edge`: what each step on the way of a GET adds."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from typing import Annotated

import grpc
import typer

from scope.edge.v1.authorization_pb2 import AttributeContext, CheckRequest, CheckResponse
from scope.query.v1.messages_pb2 import RenderTopologyRequest
from tests.load.credentials import api_tokens, identity
from tests.load.line import channel
from tests.load.measure import Window, durations, now
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.rate import Call, Rest, at_rate, one_after_another
from tests.load.target import Target
from tests.load.usage import Meter, per_report

_RPC = "/scope.query.v1.QueryService/RenderTopology"
_CHECK = "/envoy.service.auth.v3.Authorization/Check"
_PATH = "/api/topology/hosts"
_PUBLIC = "/api"
_REQUEST = RenderTopologyRequest(topology="hosts").SerializeToString()
_PROCESSES = ("envoy", "users", "query", "postgres")
_PAUSE = 0.5
_AT_ONCE = 16
_FRESH = 5_000  # tokens: each is used again only when nothing remembers it any more
_RARELY = {"rest_fresh": 0.2}  # of the rate: looking at a credential for the first time is for the first call of many


@mode
async def edge(
    target: Target,
    seconds: float,
    per_second: Annotated[float, typer.Option(min=1, max=5000, help="How many GETs a second.")] = 500.0,
) -> Outcome:
    """GET a small topology in every way there is; an equal part of the time for each."""
    if target.data is None:
        raise ValueError("this mode makes credentials of its own and so needs --data")
    async with AsyncExitStack() as stack:
        tokens = await stack.enter_async_context(api_tokens(target.data, target.api_token, _FRESH))
        rest = await stack.enter_async_context(Rest(target.url, target.tls()))
        calls, checks = await _calls(stack, target, target.data, rest, tokens)
        part = seconds / (len(calls) + len(checks))
        rows = {
            name: await _paced(target, call, per_second * _RARELY.get(name, 1), part) for name, call in calls.items()
        }
        direct = {name: await _fastest(target, call, part) for name, call in checks.items()}
    return Outcome(
        mode="edge",
        setting={"per_second": per_second, "seconds": seconds},
        sections={"get": rows, "adds": adds(rows), "check": direct},
        failures=[f"{name}: {row['failed']} calls failed" for name, row in rows.items() if row["failed"]],
    )


def adds(rows: Mapping[str, Row]) -> dict[str, Row]:
    """What one way takes more than another that is the same but for one step."""
    steps = {
        "envoy": ("direct", "grpc"),
        "transcoding": ("grpc", "rest"),
        "reading_the_credential": ("rest_public", "rest"),
        "a_fresh_credential": ("rest", "rest_fresh"),
    }
    return {step: _difference(rows[without], rows[with_]) for step, (without, with_) in steps.items()}


def _difference(without: Row, with_: Row) -> Row:
    names = ("p50_ms", *(f"{name}_us" for name in _PROCESSES))
    pairs = {name: (without[name], with_[name]) for name in names}
    return {name: None if None in pair else round((pair[1] or 0) - (pair[0] or 0), 2) for name, pair in pairs.items()}


async def _calls(
    stack: AsyncExitStack, target: Target, data: Path, rest: Rest, tokens: Sequence[str]
) -> tuple[dict[str, Call], dict[str, Call]]:
    """The ways to ask for the topology, and to ask users whether one may."""
    signed = await identity(data, target.api_token, _RPC)
    behind = (grpc.aio.insecure_channel(target.address(service)) for service in ("query", "users"))
    query, users, envoy = [await stack.enter_async_context(one) for one in (*behind, channel(target))]
    bearer = (("authorization", f"Bearer {target.api_token}"),)
    fresh, cached = cycle(tokens), cycle(tokens[:_AT_ONCE])  # asked as fast as can be, one alone would meet API_RATE
    calls = {
        "direct": _grpc(query, _RPC, _REQUEST, (("x-scope-identity", signed),)),
        "grpc": _grpc(envoy, _RPC, _REQUEST, bearer),
        "rest_public": lambda: rest.get(_PUBLIC),
        "rest": lambda: rest.get(_PATH, target.api_token),
        "rest_fresh": lambda: rest.get(_PATH, next(fresh)),
    }
    return calls, {
        "cached": lambda: _checked(users, next(cached)),
        "fresh": lambda: _checked(users, next(fresh)),
    }


def _grpc(channel: grpc.aio.Channel, rpc: str, request: bytes, metadata: tuple[tuple[str, str], ...]) -> Call:
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(rpc)

    async def call() -> None:
        try:
            await method(request, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            raise RuntimeError(error.details()) from error

    return call


async def _checked(channel: grpc.aio.Channel, token: str) -> None:
    http = AttributeContext.HttpRequest(method="GET", path=_PATH, headers={"authorization": f"Bearer {token}"})
    request = CheckRequest(
        attributes=AttributeContext(context_extensions={"rpc": _RPC}, request=AttributeContext.Request(http=http))
    )
    method: grpc.aio.UnaryUnaryMultiCallable[CheckRequest, CheckResponse] = channel.unary_unary(
        _CHECK, request_serializer=CheckRequest.SerializeToString, response_deserializer=CheckResponse.FromString
    )
    answer = await method(request)
    if not answer.HasField("ok_response"):
        raise RuntimeError(f"refused: {answer}")


async def _paced(target: Target, call: Call, per_second: float, seconds: float) -> Row:
    await call()
    await asyncio.sleep(_PAUSE)
    meter = Meter(target.processes())
    began = now()
    took, failed = await at_rate(call, per_second, Window(began, began + seconds))
    usage = per_report(meter.read(), len(took) / (now() - began))
    return {"per_second": per_second, **durations(took), "failed": failed, **_microseconds(usage)}


async def _fastest(target: Target, call: Call, seconds: float) -> Row:
    meter = Meter(target.processes())
    took = await one_after_another(call, _AT_ONCE, seconds)
    rate = len(took) / seconds
    usage = per_report(meter.read(), rate)
    return {"per_second": round(rate, 1), **durations(took), **_microseconds(usage)}


def _microseconds(usage: Mapping[str, Row]) -> Row:
    return {f"{name}_us": usage.get(f"{name}-0", {}).get("us_per_report") for name in _PROCESSES}
