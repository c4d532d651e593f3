"""Somebody signed in who calls the API as a browser does, and what a deployment keeps of it."""

from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from scope.users.v1.service_pb2_grpc import AdministrationServiceStub
from users.tables import new_id
from users.tests.conftest import Service
from users.tests.test_sign_in import reason

#: Who administers what `administered` makes.
BOSS = "boss@example.org"


@dataclass
class Caller:
    """A browser with a session."""

    users: Service
    cookie: str

    async def call(self, method: str, request: Message) -> Any:
        rpc = f"/scope.users.v1.AdministrationService/{method}"
        metadata = await self.users.metadata(rpc, method="POST", cookie=self.cookie)
        return await getattr(AdministrationServiceStub(self.users.channel), method)(request, metadata=metadata)

    async def refused(self, method: str, request: Message) -> tuple[grpc.StatusCode, str]:
        """The code and the reason of a refusal."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.call(method, request)
        return caught.value.code(), reason(caught.value)


async def administered(users: Service) -> Caller:
    """An administrator of a deployment with one organization, `acme`."""
    await users.organization("acme", BOSS)
    return Caller(users, await users.cookie(BOSS))


def person(users: Service, email: str, **columns: Any) -> str:
    """Makes a person, approved unless said otherwise, behind the service's back; answers the id."""
    facts = {"admin": "false", "approved": "now()"} | columns
    names = "".join(f", {name}" for name in facts)
    values = "".join(f", {value}" for value in facts.values())
    user_id = new_id()
    users.execute(f"INSERT INTO users (id, email{names}) VALUES (%s, %s{values})", user_id, email)
    return user_id


def events(users: Service) -> list[tuple[Any, ...]]:
    """What administrators did over the API, the oldest first: action, who, on what, organization, before, after."""
    return users.rows(
        "SELECT action, actor_email, subject, organization_id, before, after FROM audit_events "
        "WHERE action LIKE 'admin:%' AND actor <> 'operator' AND NOT refused ORDER BY time, id"
    )
