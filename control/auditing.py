"""The audit is told what is done before it is done."""

import json
import re
import time

import nats.errors
from google.protobuf.struct_pb2 import Struct
from nats.aio.client import Client

from control import refusals, subjects
from control.instruments import RECORDED
from mesh.bus import TIMEOUT
from scope.audit.v1.event_pb2 import Record
from scope.control.v1.messages_pb2 import Invocation, InvokeRequest

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
        self._client = client

    async def tell(self, invocation: Invocation, *, refused: bool) -> None:
        """Returns once the audit has it for sure.

        Args:
            invocation: what is asked for, and whose call it is.
            refused: whether it is not going to be done.

        Raises:
            ServiceError: UNAVAILABLE (AUDIT_UNAVAILABLE) where the audit does not say that it has it.
        """
        made = record(invocation, refused=refused)
        started = time.perf_counter()
        try:
            await self._publish(made)
        except (nats.errors.Error, OSError) as error:
            raise refusals.audit_away() from error
        RECORDED.record(time.perf_counter() - started)

    async def _publish(self, made: Record) -> None:
        # As the client's own JetStream does, at two thirds of its price: not all of the answer is read.
        headers = {"Nats-Msg-Id": made.id}
        answer = await self._client.request(SUBJECT, made.SerializeToString(), TIMEOUT, headers=headers)
        if "seq" not in json.loads(answer.data):
            raise nats.errors.Error(answer.data.decode(errors="replace"))


def record(invocation: Invocation, *, refused: bool) -> Record:
    """What the audit is told of a call; the id is part of the call's, by which the log names it."""
    request = invocation.request
    made = Record(
        id=subjects.random_part(invocation.call),
        action=action(request.control),
        refused=refused,
        identity=invocation.identity,
        subject=request.node_id[:NODE],
    )
    made.time.FromNanoseconds(time.time_ns())
    _describe(request, made.after)
    return made


def action(control: str) -> str:
    """What a control is called in the audit."""
    return f"control:node:{_OTHER.sub('_', control.lower())}"[:ACTION]


def _describe(request: InvokeRequest, after: Struct) -> None:
    """Says what is asked for, with the arguments as far as they are recorded: short, and without secrets."""
    # Field by field: `update` takes a multiple of the time, and this is done for every call.
    after.fields["probe"].string_value = request.probe_id
    after.fields["control"].string_value = request.control
    arguments = after.fields["arguments"].struct_value
    arguments.SetInParent()
    for name, value in request.arguments.items():
        shown = "..." if _SECRET.search(name) else value[:ARGUMENT]
        arguments.fields[name[:NAME]].string_value = shown
