"""What the report log held at a past moment: the newest full report and the newest delta of each probe until then.

Two direct gets answer for a thousand probes at once; nothing is kept in the log's server meanwhile, and what reports
come next disturbs nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import nats.errors
import nats.js.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from query.log import heading_of
from query.probe import Heading

#: How long the log may be silent in the middle of an answer, in seconds.
_SILENCE = 5.0
#: How long it takes a probe at most from one full report to the next, in seconds.
_FULL_EVERY = 60.0
#: Of how many subjects the newest messages are asked for at once; the log answers for at most 1,024.
_SUBJECTS = 1_000
#: Subjects that the log names at once: what it sends in one answer.
_NAMED = 100_000


@dataclass(frozen=True)
class Retained:
    """What the log of an organization holds.

    Attributes:
        oldest: from when on it can be said what was, in seconds since 1970.
        newest: when the last report was stored, in seconds since 1970.
        subjects: of all probes.
    """

    oldest: float
    newest: float
    subjects: Sequence[str]


async def retained(bus: Client, organization: str) -> Retained | None:
    """What the log holds now; None where it holds nothing. Raises nats.errors.Error where it is away."""
    subjects: list[str] = []
    while True:
        question = {"subjects_filter": f"reports.{organization}.>", "offset": len(subjects)}
        message = await bus.request(f"$JS.API.STREAM.INFO.reports-{organization}", orjson.dumps(question), _SILENCE)
        answer: dict[str, Any] = orjson.loads(message.data)
        if "error" in answer:
            if answer["error"]["code"] == 404:
                return None
            raise nats.js.errors.APIError.from_error(answer["error"])
        state = answer["state"]
        if not state["messages"]:
            return None
        page = state.get("subjects") or {}
        subjects += page
        if len(page) < _NAMED:
            # Where the log has let go of its beginning, what a probe was is only known after its next full report.
            unknown = _FULL_EVERY if state["first_seq"] > 1 else 0.0
            return Retained(moment(state["first_ts"]) + unknown, moment(state["last_ts"]), subjects)


async def messages(
    bus: Client, organization: str, subjects: Sequence[str], at: float
) -> AsyncIterator[tuple[Heading, Msg]]:
    """The newest message of each subject until a moment, in seconds since 1970; raises nats.errors.Error."""
    until = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    for start in range(0, len(subjects), _SUBJECTS):
        question = {"multi_last": subjects[start : start + _SUBJECTS], "up_to_time": until}
        async for message in _direct(bus, f"reports-{organization}", orjson.dumps(question)):
            headers = message.headers or {}
            stored = moment(headers["Nats-Time-Stamp"])
            yield heading_of(headers["Nats-Subject"], headers, stored, stored), message


async def _direct(bus: Client, stream: str, question: bytes) -> AsyncIterator[Msg]:
    """What a direct get answers, message by message."""
    inbox, arrived = bus.new_inbox(), asyncio.Queue[Msg]()
    subscription = await bus.subscribe(inbox, cb=arrived.put)
    try:
        await bus.publish(f"$JS.API.DIRECT.GET.{stream}", question, reply=inbox)
        while True:
            async with asyncio.timeout(_SILENCE):
                message = await arrived.get()
            status = (message.headers or {}).get("Status")
            if status in ("204", "404"):  # no more, or none at all
                return
            if status is not None:
                raise nats.errors.Error(f"the log answered {status}: {(message.headers or {}).get('Description', '')}")
            yield message
    finally:
        await subscription.unsubscribe()


def moment(text: str) -> float:
    """Seconds since 1970 of a moment as the log writes it: RFC 3339, to the nanosecond."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
