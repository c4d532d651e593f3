"""The gRPC face of users: a class for each service of the contract."""

import asyncio
from typing import Any

import grpc
from grpc_status import rpc_status
from typing_extensions import override

from mesh import headers
from mesh.errors import ServiceError, unauthenticated
from mesh.identity import current
from mesh.telemetry.rpc import Served
from scope.auth.v1.identity_pb2 import Identity
from scope.edge.v1.authorization_pb2 import CheckRequest, CheckResponse
from scope.edge.v1.authorization_pb2_grpc import AuthorizationServicer
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    CreateTokenResponse,
    DeleteTokenRequest,
    DeleteTokenResponse,
    ListKeysRequest,
    ListKeysResponse,
    ListTokensRequest,
    ListTokensResponse,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LogoutResponse,
    LookupRequest,
    LookupResponse,
    Membership,
    RenewedIdentity,
    RenewRequest,
    RenewResponse,
    StreamCredential,
    Token,
)
from users import accounts, credentials, organizations, sessions, sign_in, tokens
from users.authorize import Authorizer
from users.cache import Credentials
from users.credentials import Holder
from users.database import Database
from users.identity import Keys, Signer
from users.instruments import RENEWED
from users.secrets import Kind
from users.tables import ApiToken, ProbeToken

Context = grpc.aio.ServicerContext[Any, Any]

_CHECK = "/envoy.service.auth.v3.Authorization/Check"
#: Identities signed before other work gets its turn: signing takes about 60 us.
_BATCH = 50


class Authorization(AuthorizationServicer):
    """Envoy's external authorization."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    @override
    async def Check(self, request: CheckRequest, context: Context) -> CheckResponse:
        """See Authorizer.check."""
        served = Served(_CHECK, headers.received(context))
        code = grpc.StatusCode.CANCELLED
        try:
            answer = await self._authorizer.check(request)
            code = grpc.StatusCode.OK
        except ServiceError as error:
            code = error.code
            await context.abort_with_status(rpc_status.to_status(error.status()))
        finally:
            served.end(code)
        return answer


class SessionService(service_pb2_grpc.SessionServiceServicer):
    """Signing in and out."""

    def __init__(self, database: Database, known: Credentials, cookie: sessions.Cookie) -> None:
        self._database = database
        self._known = known
        self._cookie = cookie

    @override
    async def Login(self, request: LoginRequest, context: Context) -> LoginResponse:
        """Exchanges a sign-in link's secret for a session."""
        async with self._database.begin() as session:
            user = await sign_in.consume(session, request.token)
            secret = await sessions.create(session, user.id)
        await context.send_initial_metadata((("set-cookie", self._cookie.set(secret)),))
        return LoginResponse(email=user.email)

    @override
    async def Logout(self, request: LogoutRequest, context: Context) -> LogoutResponse:
        """Ends the caller's session."""
        kind, _, session_id = current().credential.partition(":")
        if kind == Kind.SESSION:
            async with self._database.begin() as session:
                await sessions.revoke(session, session_id)
            self._known.forget()
            await context.send_initial_metadata((("set-cookie", self._cookie.clear()),))
        return LogoutResponse()

    @override
    async def Lookup(self, request: LookupRequest, context: Context) -> LookupResponse:
        """Says who the caller is."""
        caller = current()
        async with self._database.begin() as session:
            try:
                user = await accounts.by_id(session, caller.subject)
            except ServiceError:
                raise unauthenticated() from None
            places = await organizations.of_user(session, user.id)
        bound = caller.credential.startswith(f"{Kind.API}:")
        return LookupResponse(
            id=user.id,
            email=user.email,
            admin=user.admin,
            organizations=[
                Membership(id=organization.slug, name=organization.name, role=role)
                for organization, role in places
                if not bound or organization.id == caller.organization
            ],
        )


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


def _token(token: ProbeToken | ApiToken) -> Token:
    kind = Kind.PROBE if isinstance(token, ProbeToken) else Kind.API
    answer = Token(id=token.id, kind=kind, name=token.name)
    if token.last_used is not None:
        answer.last_used.FromDatetime(token.last_used)
    return answer


class IdentityService(service_pb2_grpc.IdentityServiceServicer):
    """What the other services ask."""

    def __init__(self, database: Database, keys: Keys, signer: Signer) -> None:
        self._database = database
        self._keys = keys
        self._signer = signer

    @override
    async def ListKeys(self, request: ListKeysRequest, context: Context) -> ListKeysResponse:
        """Answers the public keys."""
        return ListKeysResponse(jwks=self._keys.jwks())

    @override
    async def Renew(self, request: RenewRequest, context: Context) -> RenewResponse:
        """Answers what the credentials are worth now."""
        holders = await credentials.by_name(self._database, {asked.credential for asked in request.credentials})
        answer = RenewResponse()
        for number, asked in enumerate(request.credentials):
            if number % _BATCH == _BATCH - 1:
                await asyncio.sleep(0)
            identity = _renewed(holders.get(asked.credential), asked)
            RENEWED.add(1, "good" if identity else "ended")
            answer.identities.append(RenewedIdentity(token=self._signer.token(identity) if identity else ""))
        return answer


def _renewed(holder: Holder | None, asked: StreamCredential) -> Identity | None:
    """The identity of a credential in the organization that it was used for, for the service that asks."""
    if holder is None:
        return None
    place = next((place for place in holder.places if place.organization == asked.organization), None)
    if asked.organization and place is None:
        return None
    identity = holder.identity(place)
    identity.audience = current().subject
    return identity
