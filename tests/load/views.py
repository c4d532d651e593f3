"""Mode `views`: hosts report through the edge while topologies are asked for again and again, and watched."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated

import typer

from tests.load import log
from tests.load.applying import cost
from tests.load.elsewhere import Elsewhere
from tests.load.measure import Window, durations, now
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.probes import Sent, publishing
from tests.load.rest import Polled, Report, poll, watch
from tests.load.synthetic import FEWEST_HOSTS, PERIOD
from tests.load.target import Target
from tests.load.usage import metered, per_report

_WARM_UP = 12 * PERIOD  # every probe has sent a full report and some deltas, and all of it was taken in
_TAIL = PERIOD  # for what was reported last to arrive
_LIST = ""  # the list of topologies, among what is asked for
_LATE = 1.0  # seconds: an event that comes later is counted

_Arrived = Mapping[str, Mapping[Report, float]]


@mode
async def views(
    target: Target,
    seconds: float,
    hosts: Annotated[int, typer.Option(min=FEWEST_HOSTS, max=1000, help="How many hosts report.")] = 10,
    topologies: Annotated[
        str, typer.Option(help="Which are watched and asked for, with their options.")
    ] = "hosts,containers,processes?unconnected=show",
    watched: Annotated[str, typer.Option(help="Which are only watched.")] = "",
) -> Outcome:
    """GET and watch topologies, and GET the list of them, while synthetic hosts report every 3 s."""
    asked = topologies.split(",")
    read = asked + [topology for topology in watched.split(",") if topology]
    window = Window(now() + _WARM_UP, now() + _WARM_UP + seconds)
    with ExitStack() as stack:
        reading = stack.enter_context(Elsewhere(poll, target, [*asked, _LIST], window))
        watching = [stack.enter_context(Elsewhere(watch, target, topology, window.end + _TAIL)) for topology in read]
        async with publishing(target, hosts, window.end) as sent:
            usage, polled, seen = await asyncio.gather(
                metered(target.processes(), window),
                reading.result(),
                asyncio.gather(*(each.result() for each in watching)),
            )
    latency = _latency(window, sent, polled, dict(zip(read, seen, strict=True)))
    lost = sent.acknowledged - await log.stored(target, {entry.probe for entry in sent.acknowledged})
    with Elsewhere(cost, hosts, read) as costing:
        costs = await costing.result()
    rate = latency["report_late"]["count"] or 0
    return Outcome(
        mode="views",
        setting={"hosts": hosts, "seconds": seconds},
        sections={
            "latency": latency,
            "reports": {"all": _reports(sent, len(lost))},
            "usage": per_report(usage, rate / seconds),
            "cost_in_query": costs,
        },
        failures=failures(latency, len(lost)),
    )


def failures(latency: Mapping[str, Row], lost: int) -> list[str]:
    """What was not as promised."""
    found = [f"{name}: nothing was measured" for name, row in latency.items() if not row["count"]]
    return found + [f"{lost} acknowledged reports are not in the log"] * bool(lost)


def _latency(window: Window, sent: Sent, polled: Mapping[str, Polled], arrived: _Arrived) -> dict[str, Row]:
    due = {report: moment for report, moment in sent.published.items() if moment in window}
    rows: dict[str, Row] = {
        f"get_{_label(topology)}": {**durations(each.seconds), "failed": each.failed, "bytes": each.size}
        for topology, each in polled.items()
    }
    rows["report_late"] = durations([sent.late[report] for report in due])
    stages = {
        "acknowledgement": sent.acknowledgements,
        **{f"{_label(topology)}_event": seen for topology, seen in arrived.items()},
    }
    for stage, moments in stages.items():
        took = [moments[report] - moment for report, moment in due.items() if report in moments]
        late = sum(seconds > _LATE for seconds in took)
        rows[f"report_to_{stage}"] = {**durations(took), "unseen": len(due) - len(took), "late": late}
    return rows


def _label(topology: str) -> str:
    return topology.partition("?")[0] or "topologies"


def _reports(sent: Sent, lost: int) -> Row:
    return {
        "sent": len(sent.published),
        "acknowledged": len(sent.acknowledged),
        "lost": lost,
    }
