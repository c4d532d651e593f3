"""The tokens of an organization."""

from typing import Any

import grpc
from typing_extensions import override

from mesh.identity import current
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    CreateTokenResponse,
    DeleteTokenRequest,
    DeleteTokenResponse,
    ListTokensRequest,
    ListTokensResponse,
    RotateTokenRequest,
    RotateTokenResponse,
    Token,
)
from users import tokens
from users.cache import Credentials
from users.database import Database
from users.secrets import Kind
from users.tables import ApiToken, ProbeToken

Context = grpc.aio.ServicerContext[Any, Any]


class TokenService(service_pb2_grpc.TokenServiceServicer):
    """The tokens of the caller's organization."""

    def __init__(self, database: Database, known: Credentials) -> None:
        self._database = database
        self._known = known

    @override
    async def CreateToken(self, request: CreateTokenRequest, context: Context) -> CreateTokenResponse:
        """Makes a token."""
        caller = current()
        async with self._database.begin() as session:
            if request.kind == Kind.PROBE:
                made = await tokens.create_probe(session, caller.organization, request.name)
            else:
                made = await tokens.create_api(session, caller.organization, caller.subject, request.name)
        return CreateTokenResponse(id=made[0], token=made[1])

    @override
    async def ListTokens(self, request: ListTokensRequest, context: Context) -> ListTokensResponse:
        """Lists tokens."""
        caller = current()
        async with self._database.begin() as session:
            found = await tokens.listed(session, caller.organization, caller.subject)
        return ListTokensResponse(tokens=[_token(token) for token in found])

    @override
    async def DeleteToken(self, request: DeleteTokenRequest, context: Context) -> DeleteTokenResponse:
        """Revokes a token."""
        caller = current()
        async with self._database.begin() as session:
            await tokens.revoke(session, caller.organization, caller.subject, request.id)
        self._known.forget()
        return DeleteTokenResponse()

    @override
    async def RotateToken(self, request: RotateTokenRequest, context: Context) -> RotateTokenResponse:
        """Makes a new secret for a token."""
        raise NotImplementedError


def _token(token: ProbeToken | ApiToken) -> Token:
    kind = Kind.PROBE if isinstance(token, ProbeToken) else Kind.API
    answer = Token(id=token.id, kind=kind, name=token.name)
    if token.last_used is not None:
        answer.last_used.FromDatetime(token.last_used)
    return answer
