"""Mode `views`: hosts report through the edge while one reader asks and two watch."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated

import typer

from tests.load import log
from tests.load.elsewhere import Elsewhere
from tests.load.measure import Window, durations, now
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.probes import Sent, publishing
from tests.load.rest import Polled, Report, poll, watch
from tests.load.synthetic import FEWEST_HOSTS, PERIOD
from tests.load.target import Target
from tests.load.usage import metered

TOPOLOGIES = ("hosts", "processes")

_WARM_UP = 4 * PERIOD  # every reader is there, every probe has sent a full report and some deltas
_TAIL = PERIOD  # for what was reported last to arrive

_Arrived = Mapping[str, Mapping[Report, float]]


@mode
async def views(
    target: Target,
    seconds: float,
    hosts: Annotated[int, typer.Option(min=FEWEST_HOSTS, max=1000, help="How many hosts report.")] = 10,
) -> Outcome:
    """GET and watch hosts and processes while synthetic hosts report every 3 s."""
    window = Window(now() + _WARM_UP, now() + _WARM_UP + seconds)
    with ExitStack() as stack:
        reading = stack.enter_context(Elsewhere(poll, target, TOPOLOGIES, window))
        watching = [
            stack.enter_context(Elsewhere(watch, target, topology, window.end + _TAIL)) for topology in TOPOLOGIES
        ]
        async with publishing(target, hosts, window.end) as sent:
            usage, polled, seen = await asyncio.gather(
                metered(target.processes(), window),
                reading.result(),
                asyncio.gather(*(each.result() for each in watching)),
            )
    arrived = dict(zip(TOPOLOGIES, seen, strict=True))
    latency = _latency(window, sent, polled, arrived)
    lost = sent.acknowledged - await log.stored(target, {entry.probe for entry in sent.acknowledged})
    return Outcome(
        mode="views",
        setting={"hosts": hosts, "seconds": seconds},
        sections={"latency": latency, "reports": {"all": _reports(sent, len(lost))}, "usage": usage},
        failures=failures(latency, len(lost)),
    )


def failures(latency: Mapping[str, Row], lost: int) -> list[str]:
    """What was not as promised."""
    found = [f"{name}: nothing was measured" for name, row in latency.items() if not row["count"]]
    return found + [f"{lost} acknowledged reports are not in the log"] * bool(lost)


def _latency(window: Window, sent: Sent, polled: Mapping[str, Polled], arrived: _Arrived) -> dict[str, Row]:
    due = {report: moment for report, moment in sent.published.items() if moment in window}
    rows: dict[str, Row] = {
        f"get_{topology}": {**durations(each.seconds), "failed": each.failed, "bytes": each.size}
        for topology, each in polled.items()
    }
    rows["report_late"] = durations([sent.late[report] for report in due])
    stages = {
        "acknowledgement": sent.acknowledgements,
        **{f"{topology}_event": seen for topology, seen in arrived.items()},
    }
    for stage, moments in stages.items():
        took = [moments[report] - moment for report, moment in due.items() if report in moments]
        rows[f"report_to_{stage}"] = {**durations(took), "unseen": len(due) - len(took)}
    return rows


def _reports(sent: Sent, lost: int) -> Row:
    return {
        "sent": len(sent.published),
        "acknowledged": len(sent.acknowledged),
        "lost": lost,
    }
