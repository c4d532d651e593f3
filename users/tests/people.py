"""People who ask the service about their organizations, each in a browser of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from scope.users.v1.organizations_pb2 import AcceptInvitationRequest, CreateOrganizationRequest, InviteRequest
from users.tables import new_id
from users.tests import calling
from users.tests.calling import bearer, rpc_of
from users.tests.conftest import Service
from users.tests.test_sign_in import reason


@dataclass(frozen=True)
class Somebody:
    """A person, or a token of theirs."""

    users: Service
    id: str
    email: str
    headers: Mapping[str, str]

    def within(self, organization: str) -> "Somebody":
        """The same, who says which organization is meant."""
        return replace(self, headers={**self.headers, "x_scope_org": organization})

    async def prepared(self, request: Message) -> "Prepared":
        """A call that Check has admitted and that was not made yet."""
        return Prepared(self.users, request, await self.users.metadata(rpc_of(request), **self.headers))

    async def ask(self, request: Message) -> Any:
        """The answer."""
        return await calling.call(self.users, request, **self.headers)

    async def refusal(self, request: Message) -> str:
        """The reason why it is refused, by Check or by the service."""
        return (await calling.refused(self.users, request, **self.headers))[0]

    async def bad_field(self, request: Message) -> str:
        """The field that is refused."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.ask(request)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        status, found = rpc_status.from_call(caught.value), error_details_pb2.BadRequest()
        assert status is not None
        assert status.details[1].Unpack(found)
        return str(found.field_violations[0].field)


@dataclass(frozen=True)
class Prepared:
    """A call with the identity that Check gave it."""

    users: Service
    request: Message
    metadata: Any

    async def outcome(self) -> str:
        """`OK`, or the reason why not."""
        try:
            await calling.made(self.users, self.request, self.metadata)
        except grpc.aio.AioRpcError as error:
            return reason(error)
        return "OK"


async def somebody(users: Service, name: str) -> Somebody:
    """Somebody new who has signed in."""
    person, email = new_id(), f"{name}@example.org"
    statement = "INSERT INTO users (id, email, admin, approved) VALUES (%s, %s, false, now())"
    users.execute(statement, person, email)
    return Somebody(users, person, email, {"cookie": await users.cookie(email)})


async def founder(users: Service, organization: str = "acme", name: str = "ann") -> Somebody:
    """Somebody new who has made an organization."""
    person = await somebody(users, name)
    await person.ask(CreateOrganizationRequest(id=organization))
    return person


async def joined(users: Service, inviter: Somebody, name: str, role: str) -> Somebody:
    """Somebody new who has accepted an invitation."""
    person = await somebody(users, name)
    invited = await inviter.ask(InviteRequest(email=person.email, role=role))
    await person.ask(AcceptInvitationRequest(id=invited.invitation.id))
    return person


def token_of(person: Somebody, secret: str) -> Somebody:
    """An API token of somebody."""
    return replace(person, headers=bearer(secret))


def events(users: Service) -> list[tuple[Any, ...]]:
    """What was recorded of organizations, oldest first: action, refused, subject, before, after."""
    return users.rows(
        "SELECT action, refused, subject, before, after FROM audit_events WHERE action LIKE 'organization:%' "
        "ORDER BY time, id"
    )
