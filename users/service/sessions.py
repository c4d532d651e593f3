"""Signing in and out."""

from typing import Any

import grpc
from typing_extensions import override

from mesh.errors import ServiceError, unauthenticated
from mesh.identity import current
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.messages_pb2 import (
    EndImpersonationRequest,
    EndImpersonationResponse,
    EndSessionRequest,
    EndSessionResponse,
    EndSessionsRequest,
    EndSessionsResponse,
    ListSessionsRequest,
    ListSessionsResponse,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LogoutResponse,
    LookupRequest,
    LookupResponse,
    Membership,
    SignUpRequest,
    SignUpResponse,
)
from users import accounts, mail, organizations, rates, sessions, sign_in
from users.cache import Credentials
from users.database import Database
from users.mail import Occasion
from users.rates import Limits
from users.secrets import Kind

Context = grpc.aio.ServicerContext[Any, Any]


class SessionService(service_pb2_grpc.SessionServiceServicer):
    """Signing in and out."""

    def __init__(self, database: Database, known: Credentials, cookie: sessions.Cookie, limits: Limits) -> None:
        self._database = database
        self._known = known
        self._cookie = cookie
        self._limits = limits

    @override
    async def Login(self, request: LoginRequest, context: Context) -> LoginResponse:
        """Exchanges a sign-in link's secret for a session.

        Every attempt counts, and before it is made. Nobody guesses a link; what is limited is what trying costs the
        database, and only those who are refused before they are looked up cost it less.
        """
        await rates.take(self._database, self._limits.sign_in, rates.source(current().address))
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

    @override
    async def SignUp(self, request: SignUpRequest, context: Context) -> SignUpResponse:
        """Has a mail sent. Who it is for is looked at when it is written; here nothing depends on it."""
        address = accounts.normal(request.email)
        await rates.take(self._database, self._limits.sign_up, rates.source(current().address))
        await rates.take(self._database, self._limits.sign_in_mail, address)
        await rates.take(self._database, self._limits.mail, address)
        async with self._database.begin() as session:
            await mail.post(session, Occasion.SIGN_UP, address)
        return SignUpResponse(email=address, mail_sent=True)

    @override
    async def ListSessions(self, request: ListSessionsRequest, context: Context) -> ListSessionsResponse:
        """Lists the caller's sessions."""
        raise NotImplementedError

    @override
    async def EndSession(self, request: EndSessionRequest, context: Context) -> EndSessionResponse:
        """Ends one."""
        raise NotImplementedError

    @override
    async def EndSessions(self, request: EndSessionsRequest, context: Context) -> EndSessionsResponse:
        """Ends them."""
        raise NotImplementedError

    @override
    async def EndImpersonation(self, request: EndImpersonationRequest, context: Context) -> EndImpersonationResponse:
        """Ends acting as somebody else."""
        raise NotImplementedError
