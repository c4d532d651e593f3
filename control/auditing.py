"""The audit is told what is done before it is done."""

import re
import time
import uuid
from collections.abc import Mapping

import nats.errors
from nats.aio.client import Client

from control import refusals
from control.instruments import RECORDED
from mesh.bus import TIMEOUT
from scope.audit.v1.event_pb2 import Record
from scope.control.v1.messages_pb2 import InvokeRequest

SUBJECT = "audit.control"
#: Characters of an argument, and of its name, that are recorded.
ARGUMENT = 256
NAME = 64
#: Characters of an action and of a node's id, as the audit takes them.
ACTION = 100
NODE = 254

_OTHER = re.compile(r"[^a-z_]")
_SECRET = re.compile(r"password|secret|token|key", re.IGNORECASE)


class Audit:
    """The audit, as control tells it.

    Args:
        client: the bus, where users picks records up.
    """

    def __init__(self, client: Client) -> None:
        self._stream = client.jetstream(timeout=TIMEOUT)

    async def tell(self, identity: str, request: InvokeRequest, *, refused: bool) -> None:
        """Returns once the audit has it for sure.

        Args:
            identity: whose call it is, as it came.
            request: what is asked for.
            refused: whether it is not going to be done.

        Raises:
            ServiceError: UNAVAILABLE (AUDIT_UNAVAILABLE) where the audit does not say that it has it.
        """
        made = record(identity, request, refused=refused)
        started = time.perf_counter()
        try:
            await self._stream.publish(SUBJECT, made.SerializeToString(), headers={"Nats-Msg-Id": made.id})
        except (nats.errors.Error, OSError) as error:
            raise refusals.audit_away() from error
        RECORDED.record(time.perf_counter() - started)


def record(identity: str, request: InvokeRequest, *, refused: bool) -> Record:
    """What the audit is told of a call."""
    made = Record(
        id=uuid.uuid4().hex,
        action=action(request.control),
        refused=refused,
        identity=identity,
        subject=request.node_id[:NODE],
    )
    made.time.GetCurrentTime()
    arguments = _recorded(request.arguments)
    made.after.update({"probe": request.probe_id, "control": request.control, "arguments": arguments})
    return made


def action(control: str) -> str:
    """What a control is called in the audit."""
    return f"control:node:{_OTHER.sub('_', control.lower())}"[:ACTION]


def _recorded(arguments: Mapping[str, str]) -> dict[str, str]:
    """Arguments as far as they are recorded: short, and without secrets."""
    return {name[:NAME]: "..." if _SECRET.search(name) else value[:ARGUMENT] for name, value in arguments.items()}
