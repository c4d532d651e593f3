"""The tokens of an organization."""

from datetime import UTC, datetime, timedelta

from typing_extensions import override

from mesh.errors import invalid_field
from mesh.headers import Context
from mesh.identity import current
from scope.users.v1 import messages_pb2, service_pb2_grpc
from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    CreateTokenResponse,
    DeleteTokenRequest,
    DeleteTokenResponse,
    ListTokensRequest,
    ListTokensResponse,
    RotateTokenRequest,
    RotateTokenResponse,
)
from users import tokens
from users.cache import Credentials
from users.database import Database
from users.secrets import Kind
from users.tables import ApiToken
from users.times import timestamp

#: For how long a rotated token's old secret works beside the new one where nobody says.
_OVERLAP = timedelta(days=1)


class TokenService(service_pb2_grpc.TokenServiceServicer):
    """The tokens of the caller's organization."""

    def __init__(self, database: Database, known: Credentials) -> None:
        self._database = database
        self._known = known

    @override
    async def CreateToken(self, request: CreateTokenRequest, context: Context) -> CreateTokenResponse:
        """Makes a token."""
        expires = _end(request)
        if request.kind == Kind.PROBE and request.permissions:
            raise invalid_field("permissions", "are an API token's; a probe token lets probes report, and nothing else")
        async with self._database.begin() as session:
            if request.kind == Kind.PROBE:
                made = await tokens.create_probe(session, current(), request.name, expires)
            else:
                made = await tokens.create_api(session, current(), request.name, expires, request.permissions)
        return CreateTokenResponse(id=made.token.id, token=made.secret, expires=timestamp(made.token.expires))

    @override
    async def ListTokens(self, request: ListTokensRequest, context: Context) -> ListTokensResponse:
        """Lists tokens."""
        async with self._database.begin() as session:
            found = await tokens.listed(session, current())
        return ListTokensResponse(tokens=[_token(token) for token in found])

    @override
    async def RotateToken(self, request: RotateTokenRequest, context: Context) -> RotateTokenResponse:
        """Makes a new secret for a token."""
        overlap = timedelta(seconds=request.overlap_seconds) if request.HasField("overlap_seconds") else _OVERLAP
        async with self._database.begin() as session:
            made, old_expires = await tokens.rotate(session, current(), request.id, overlap)
        self._known.forget()
        return RotateTokenResponse(
            id=made.token.id,
            token=made.secret,
            expires=timestamp(made.token.expires),
            old_expires=timestamp(old_expires),
        )

    @override
    async def DeleteToken(self, request: DeleteTokenRequest, context: Context) -> DeleteTokenResponse:
        """Revokes a token."""
        async with self._database.begin() as session:
            await tokens.revoke(session, current(), request.id)
        self._known.forget()
        return DeleteTokenResponse()


def _end(request: CreateTokenRequest) -> datetime | None:
    """When the token is to stop working; raises ServiceError INVALID_ARGUMENT for what is no time."""
    if not request.HasField("expires"):
        return None
    try:
        return request.expires.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field("expires", "is no time that there is") from None


def _token(token: tokens.Token) -> messages_pb2.Token:
    narrowed = token.permissions if isinstance(token, ApiToken) else None
    return messages_pb2.Token(
        id=token.id,
        kind=Kind.API if isinstance(token, ApiToken) else Kind.PROBE,
        name=token.name,
        last_used=timestamp(token.last_used),
        created=timestamp(token.created),
        expires=timestamp(token.expires),
        permissions=narrowed or (),
        replaced_by=token.replaced_by or "",
    )
