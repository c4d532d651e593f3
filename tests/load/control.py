"""Mode `control`: what it takes to have a probe do something that takes no time."""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import grpc
import grpc.aio
import uvloop

from scope.control.v1.messages_pb2 import InvokeRequest, InvokeResponse
from scope.control.v1.service_pb2_grpc import ControlServiceStub
from scope.report.v1.topology_pb2 import Topology
from scope_sdk import Controller, Controls, Service
from tests.load import original
from tests.load.credentials import identity
from tests.load.elsewhere import Elsewhere
from tests.load.measure import durations, now, pause_until
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.rate import Call, Rest, one_after_another
from tests.load.target import Target
from tests.load.usage import Meter, per_report

_RPC = "/scope.control.v1.ControlService/Invoke"
_CONTROL = "load_nothing"
_NODE = "load;<host>"
_AT_ONCE = 16
_CONNECTED_WITHIN = 20.0
_SPARE = 10.0  # seconds by which the probe outlives the calls
_PROCESSES = ("envoy", "users", "control", "nats")


@mode
async def control(target: Target, seconds: float) -> Outcome:
    """Call a control of one probe by REST and of each replica directly, one at a time and 16 at once."""
    if target.data is None:
        raise ValueError("this mode makes credentials of its own and so needs --data")
    probe = f"load-control-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        # The probe is there until all is measured: what it has done by then is compared with what was answered.
        end = now() + seconds + _CONNECTED_WITHIN + _SPARE
        doing = stack.enter_context(Elsewhere(serve, target, probe, end))
        calls = await _calls(stack, target, target.data, probe)
        for call in calls.values():
            await _connected(call)
        part = seconds / (2 * len(calls))
        rows = {
            f"{name}_{at_once}": await _measured(target, call, at_once, part)
            for name, call in calls.items()
            for at_once in (1, _AT_ONCE)
        }
        done = await doing.result()
    answered = len(calls) + sum(int(row["count"] or 0) for row in rows.values())
    return Outcome(
        mode="control",
        setting={"seconds": seconds, "answered": answered, "done": done},
        sections={"calls": rows, original.SECTION: _beside(rows)},
        failures=[] if done == answered else [f"{answered} calls were answered, and {done} done"],
    )


def _beside(rows: Mapping[str, Row]) -> Mapping[str, Row]:
    one, many = rows["rest_1"], rows[f"rest_{_AT_ONCE}"]
    return {
        "one_at_a_time_p50_us": original.duration(original.CONTROL_P50_MS, one["p50_ms"]),
        "one_at_a_time_p95_us": original.duration(original.CONTROL_P95_MS, one["p95_ms"]),
        "16_at_once_per_second": original.rate(original.CONTROLS_PER_SECOND, many["per_second"]),
    }


async def _calls(stack: AsyncExitStack, target: Target, data: Path, probe: str) -> dict[str, Call]:
    """By REST through the edge, and by gRPC to each replica, one of which has the probe's stream."""
    rest = await stack.enter_async_context(Rest(target.url, target.tls()))
    path = f"/api/control/{probe}/{quote(_NODE, safe='')}/{_CONTROL}"
    request = InvokeRequest(probe_id=probe, node_id=_NODE, control=_CONTROL)
    signed = Signed(data, target.api_token)
    calls: dict[str, Call] = {"rest": lambda: rest.post(path, target.api_token)}
    for number, address in enumerate(target.addresses("control")):
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
        calls[f"replica_{number}"] = _direct(channel, request, signed)
    return calls


class Signed:
    """The identity of a caller, which is good for a minute and made anew in time."""

    def __init__(self, data: Path, token: str) -> None:
        self._data, self._token = data, token
        self._made, self._text = -60.0, ""

    async def metadata(self) -> tuple[tuple[str, str], ...]:
        """What a call carries."""
        if now() - self._made > 30:
            self._made = now()
            self._text = await identity(self._data, self._token, _RPC)
        return (("x-scope-identity", self._text),)


def _direct(channel: grpc.aio.Channel, request: InvokeRequest, signed: Signed) -> Call:
    invoke: grpc.aio.UnaryUnaryMultiCallable[InvokeRequest, InvokeResponse] = ControlServiceStub(channel).Invoke

    async def call() -> None:
        try:
            await invoke(request, metadata=await signed.metadata())
        except grpc.aio.AioRpcError as error:
            raise RuntimeError(error.details()) from error

    return call


async def _connected(call: Call) -> None:
    """Calls until it is answered."""
    until = now() + _CONNECTED_WITHIN
    while True:
        try:
            return await call()
        except RuntimeError:
            if now() > until:
                raise
            await asyncio.sleep(0.2)


async def _measured(target: Target, call: Call, at_once: int, seconds: float) -> Row:
    meter = Meter(target.processes())
    took = await one_after_another(call, at_once, seconds)
    rate = len(took) / seconds
    usage = per_report(meter.read(), rate)
    return {"per_second": round(rate, 1), **durations(took), **_microseconds(usage)}


def _microseconds(usage: Mapping[str, Row]) -> Row:
    """Of all replicas of a service together."""
    return {f"{name}_us": _together(usage, name) for name in _PROCESSES}


def _together(usage: Mapping[str, Row], name: str) -> float:
    return round(sum(row.get("us_per_report") or 0 for each, row in usage.items() if each.startswith(f"{name}-")), 1)


def serve(target: Target, probe: str, end: float) -> int:
    """A probe that does nothing when it is asked to; how often it did."""
    return uvloop.run(_serve(target, probe, end))


async def _serve(target: Target, probe: str, end: float) -> int:
    controls, done = Controls(), 0

    @controls.control(_CONTROL, permission="report.view", topology=Topology.TOPOLOGY_HOST)
    async def nothing(_: str) -> None:
        nonlocal done
        done += 1

    service = Service(target.url, target.service_token, ca_file=target.ca_file)
    async with Controller(service, controls, probe_id=probe):
        await pause_until(end)
    return done
