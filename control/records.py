"""Pipes that calls have opened, as the pipe service finds them."""

import nats.errors
import structlog
from nats.aio.client import Client

from control import refusals
from mesh import bus, pipes
from scope.auth.v1.identity_pb2 import Identity
from scope.control.v1.messages_pb2 import InvokeRequest, InvokeResponse
from scope.pipe.v1.messages_pb2 import Record

_log = structlog.get_logger()


class Pipes:
    """Where pipes are kept.

    Args:
        client: the bus.
        copies: how many of its servers keep them.
    """

    def __init__(self, client: Client, copies: int) -> None:
        self._bucket = pipes.Bucket(client, copies, bus.keep)

    async def opened(
        self, request: InvokeRequest, response: InvokeResponse, identity: Identity, permission: str
    ) -> None:
        """Records the pipe that a call has opened.

        Args:
            request: the call.
            response: what is going to be answered.
            identity: whose call it is; the pipe ends with their credential.
            permission: what they need for as long as they use the pipe.

        Raises:
            ServiceError: UNKNOWN (OUTCOME_UNKNOWN) where it cannot be recorded, so that nobody can use it.
        """
        record = Record(
            organization=identity.organization,
            user=identity.subject,
            permission=permission,
            credential=identity.credential,
            impersonator=identity.impersonator,
        )
        pipe = record.pipe
        pipe.id, pipe.probe_id, pipe.node_id = response.pipe, request.probe_id, request.node_id
        pipe.control, pipe.raw_tty, pipe.read_only = request.control, response.raw_tty, response.read_only
        pipe.opened_at.GetCurrentTime()
        value = record.SerializeToString()
        try:
            await self._bucket.use(lambda bucket: bucket.put(pipe.id, value))
        except (nats.errors.Error, OSError) as error:
            _log.warning("a pipe cannot be recorded", why=repr(error))
            raise refusals.unknown("it was begun, but its pipe cannot be recorded") from error
