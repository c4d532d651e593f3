"""Which replica holds what: users asks on the bus, and whoever holds streams that others must find answers.

Nothing is kept: what a replica says is what it holds at that moment.
"""

import re
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from nats.aio.client import Client
from nats.aio.msg import Msg

from mesh import access
from mesh.errors import ServiceError, invalid_field
from mesh.serve import Mesh
from scope.routes.v1.routes_pb2 import Answer, Held, Inquiry

#: The RPC whose token an inquiry has.
RPC = "/scope.users.v1.ToolService/ListRoutes"
#: Where it is asked.
INQUIRIES = "routes.inquiries"
#: How many of what it holds a replica names, and in one message.
MOST = 2_000
PART = 500

_ID = re.compile(r"[0-9a-f]{32}")
_log = structlog.get_logger()


def answers(service: str, inquiry: str) -> str:
    """Where replicas of a service answer an inquiry; with `*` for the service: where all do."""
    return f"routes.answers.{service}.{inquiry}"


def timestamp(seconds: float) -> Timestamp:
    """A time in seconds since 1970 as messages have it."""
    found = Timestamp()
    found.FromMilliseconds(int(seconds * 1000))
    return found


@asynccontextmanager
async def answering(client: Client, mesh: Mesh, held: Callable[[], Iterable[Held]]) -> AsyncIterator[None]:
    """Answers inquiries while the body runs.

    Args:
        client: the bus.
        mesh: the replica.
        held: what it holds.
    """

    async def asked(message: Msg) -> None:
        try:
            inquiry = Inquiry.FromString(message.data)
            await _check(mesh, inquiry)
            for part in _parts(mesh, [one for one in held() if inquiry.search in f"{one.probe_id} {one.pipe_id}"]):
                await client.publish(answers(mesh.name, inquiry.id), part.SerializeToString())
        except (DecodeError, ServiceError, nats.errors.Error) as error:
            _log.warning("an inquiry is not answered", why=str(error) or repr(error))

    subscription = await client.subscribe(INQUIRIES, cb=asked)
    try:
        yield
    finally:
        with suppress(nats.errors.Error):
            await subscription.unsubscribe()


async def _check(mesh: Mesh, inquiry: Inquiry) -> None:
    """Raises ServiceError where it is not users that asks."""
    identity = await mesh.renewals.verifier.caller(RPC, {"authorization": f"Mesh {inquiry.token}"})
    access.check(RPC, identity)
    if not _ID.fullmatch(inquiry.id):
        raise invalid_field("id", "is no id of an inquiry")


def _parts(mesh: Mesh, found: list[Held]) -> Iterable[Answer]:
    """A replica's answer, in one message or more."""
    for start in range(0, max(1, min(len(found), MOST)), PART):
        yield Answer(
            replica=socket.gethostname(),
            listen=mesh.settings.listen,
            held=found[start : min(start + PART, MOST)],
            total=len(found),
        )
