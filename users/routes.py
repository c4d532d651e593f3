"""Which replica holds what, as all of them say on the bus."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlmodel import col, select

from mesh import bus, routes
from mesh.errors import ServiceError, unavailable
from mesh.identity import service_token
from mesh.keyring import MeshKeys
from scope.errors.v1.errors_pb2 import Reason
from scope.routes.v1.routes_pb2 import Answer, Held, Inquiry
from scope.users.v1.tools_pb2 import ListRoutesResponse, Replica, Route
from users.bus import Bus
from users.database import Database
from users.tables import Organization

#: How long answers are waited for, in seconds: nobody knows how many there will be.
WAITS = 1.0
#: How many routes, and replicas, are told of at most.
MOST = 2_000

_log = structlog.get_logger()


class Routes:
    """Asks all replicas of control and pipe.

    Args:
        joined: the bus; None where the deployment's users has none.
        database: where the organizations' names are.
        mesh_keys: the deployment's mesh keys.
    """

    def __init__(self, joined: Bus | None, database: Database, mesh_keys: MeshKeys) -> None:
        self._bus = joined
        self._database = database
        self._mesh_keys = mesh_keys

    async def listed(self, search: str) -> ListRoutesResponse:
        """What they hold, of the probes and pipes with this in their id.

        Raises:
            ServiceError: UNAVAILABLE (SERVICE_UNAVAILABLE) where the bus cannot be reached.
        """
        heard = _Heard()
        inquiry = Inquiry(id=secrets.token_hex(16), search=search)
        inquiry.token = service_token(self._mesh_keys, "users", routes.RPC)
        try:
            await _ask(await self._client(), inquiry, heard)
        except (nats.errors.Error, OSError) as error:
            message = "the bus, by which replicas are asked, cannot be reached; try again in a moment"
            raise unavailable(Reason.REASON_SERVICE_UNAVAILABLE, message) from error
        return heard.answer(await self._names({route.organization for route in heard.routes}))

    async def _client(self) -> Client:
        if self._bus is None:
            raise nats.errors.NoServersError
        async with asyncio.timeout(WAITS):
            return await self._bus.client()

    async def _names(self, organizations: Iterable[str]) -> Mapping[str, str]:
        """What requests call these organizations; where that cannot be found out, routes are told without."""
        named = select(Organization.id, Organization.slug).where(col(Organization.id).in_(organizations))
        with suppress(ServiceError):
            async with self._database.begin() as session:
                return dict((await session.exec(named)).all())
        return {}


async def _ask(client: Client, inquiry: Inquiry, heard: "_Heard") -> None:
    async def answered(message: Msg) -> None:
        heard.take(message)

    subscription = await client.subscribe(routes.answers("*", inquiry.id), cb=answered)
    try:
        await client.publish(routes.INQUIRIES, inquiry.SerializeToString())
        await bus.flush(client)
        await asyncio.sleep(WAITS)
    finally:
        await subscription.unsubscribe()


class _Heard:
    """What replicas have answered."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._replicas: dict[tuple[str, str, str], Replica] = {}

    def take(self, message: Msg) -> None:
        """Takes a part of an answer; what is beyond bounds is counted at most."""
        service = message.subject.split(".")[2]
        try:
            part = Answer.FromString(message.data)
        except DecodeError:
            _log.warning("what came as an answer is none", service=service, bytes=len(message.data))
            return
        if len(self._replicas) < MOST:
            replica = Replica(service=service, name=part.replica, listen=part.listen, total=part.total)
            self._replicas[service, part.replica, part.listen] = replica
        self.routes += [_route(one, service, part) for one in part.held[: MOST - len(self.routes)]]

    def answer(self, names: Mapping[str, str]) -> ListRoutesResponse:
        """All of it, in order; `names` has what organizations are called, by their internal ids."""
        for route in self.routes:
            route.organization = names.get(route.organization, route.organization)
        return ListRoutesResponse(
            replicas=[replica for _, replica in sorted(self._replicas.items())],
            routes=sorted(self.routes, key=lambda one: (one.organization, one.probe_id, one.pipe_id, one.end)),
            total=sum(replica.total for replica in self._replicas.values()),
        )


def _is_moment(time: Timestamp) -> bool:
    """Whether it can be shown: one that cannot would take all the other answers along."""
    try:
        time.ToJsonString()
    except ValueError:
        return False
    return True


def _route(held: Held, service: str, part: Answer) -> Route:
    return Route(
        organization=held.organization,
        probe_id=held.probe_id,
        pipe_id=held.pipe_id,
        end=held.end,
        since=held.since if _is_moment(held.since) else None,
        service=service,
        replica=part.replica,
        listen=part.listen,
    )
