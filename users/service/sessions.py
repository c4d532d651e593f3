"""Signing in and out."""

from typing import Any

import grpc
from typing_extensions import override

from mesh.errors import ServiceError, unauthenticated
from mesh.identity import current
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.messages_pb2 import (
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LogoutResponse,
    LookupRequest,
    LookupResponse,
    Membership,
)
from users import accounts, organizations, sessions, sign_in
from users.cache import Credentials
from users.database import Database
from users.secrets import Kind

Context = grpc.aio.ServicerContext[Any, Any]


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
