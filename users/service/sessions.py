"""Signing in and out."""

from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from mesh import headers
from mesh.errors import ServiceError, unauthenticated
from mesh.headers import Context
from mesh.identity import current
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from scope.users.v1 import messages_pb2, service_pb2_grpc
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
from users import accounts, impersonation, mail, organizations, rates, roles, sessions, sign_in
from users.audit import Action, Refusals
from users.cache import Credentials
from users.credentials import id_of
from users.database import Database
from users.mail import Occasion
from users.rates import Limits
from users.secrets import Kind
from users.sessions import Browser, Cookie, Rules
from users.tables import Organization, Role, Session
from users.times import timestamp


class SessionService(service_pb2_grpc.SessionServiceServicer):
    """Signing in and out, and acting as somebody else no longer."""

    def __init__(
        self,
        database: Database,
        refusals: Refusals,
        known: Credentials,
        cookie: Cookie,
        *,
        rules: Rules,
        limits: Limits,
    ) -> None:
        self._database = database
        self._refusals = refusals
        self._known = known
        self._cookie = cookie
        self._rules = rules
        self._limits = limits

    @override
    async def Login(self, request: LoginRequest, context: Context) -> LoginResponse:
        """Exchanges a sign-in link's secret for a session.

        Every attempt counts, and before it is made. Nobody guesses a link; what is limited is what trying costs the
        database, and only those who are refused before they are looked up cost it less.
        """
        await rates.take(self._database, self._limits.sign_in, rates.source(current().address))
        browser = Browser(current().address, headers.received(context).get("user-agent", ""))
        async with self._refusals.recorded(Action.USER_SIGN_IN, (Reason.REASON_LOGIN_LINK_INVALID,)) as session:
            answer, secret = await self._sign_in(session, request.token, browser)
        await context.send_initial_metadata((("set-cookie", self._cookie.set(secret)),))
        return answer

    async def _sign_in(self, session: AsyncSession, link: str, browser: Browser) -> tuple[LoginResponse, str]:
        """A session that is new, whatever the browser had: what somebody put there before is nobody's session."""
        used = await sign_in.consume(session, link)
        answer = LoginResponse(email=used.user.email, first_login=used.user.last_login is None)
        used.user.last_login = datetime.now(UTC)
        session_id, secret = await sessions.create(session, used.user.id, self._rules, browser)
        if used.impersonation_id and not await impersonation.bind(session, used.impersonation_id, session_id):
            raise sign_in.invalid()
        return answer, secret

    @override
    async def Logout(self, request: LogoutRequest, context: Context) -> LogoutResponse:
        """Ends the caller's session."""
        if session_id := _session_id():
            async with self._database.begin() as session:
                await impersonation.end(session, session_id)
                await sessions.sign_out(session, session_id)
            await self._ended(context)
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
            acting = await impersonation.active(session, _session_id()) if caller.impersonator else None
        return LookupResponse(
            id=user.id,
            email=user.email,
            admin=caller.admin,
            organizations=[_membership(caller, *place) for place in places if _is_shown(caller, place[0])],
            impersonator=acting.administrator if acting else "",
            impersonation_ends=timestamp(acting.ends if acting else None),
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
        async with self._database.begin() as session:
            found = await sessions.listed(session, current().subject, self._rules)
        return ListSessionsResponse(sessions=[_session(one) for one in found])

    @override
    async def EndSession(self, request: EndSessionRequest, context: Context) -> EndSessionResponse:
        """Ends one of the caller's sessions."""
        async with self._database.begin() as session:
            await sessions.end(session, current().subject, request.id, self._rules)
        await self._ended(context, clear=request.id == _session_id())
        return EndSessionResponse()

    @override
    async def EndSessions(self, request: EndSessionsRequest, context: Context) -> EndSessionsResponse:
        """Ends all of the caller's sessions."""
        keep = _session_id() if request.keep_current else ""
        async with self._database.begin() as session:
            ended = await sessions.end_all(session, current().subject, keep)
        await self._ended(context, clear=not keep)
        return EndSessionsResponse(ended=ended)

    @override
    async def EndImpersonation(self, request: EndImpersonationRequest, context: Context) -> EndImpersonationResponse:
        """Ends acting as somebody else."""
        if session_id := _session_id():
            async with self._database.begin() as session:
                await impersonation.end(session, session_id)
            self._known.forget()
        return EndImpersonationResponse()

    async def _ended(self, context: Context, *, clear: bool = True) -> None:
        """Sessions were ended, the caller's own among them where its cookie is to be cleared."""
        self._known.forget()
        if clear:
            await context.send_initial_metadata((("set-cookie", self._cookie.clear()),))


def _session_id() -> str:
    """The id of the session that the caller comes with; empty for a token."""
    return id_of(Kind.SESSION, current().credential)


def _is_shown(caller: Identity, organization: Organization) -> bool:
    """Whether it is one that the caller's credential is good for."""
    return bool(_session_id()) or organization.id == caller.organization


def _membership(caller: Identity, organization: Organization, role: Role) -> Membership:
    held = roles.PERMISSIONS[role] if _session_id() else caller.permissions
    permissions = () if organization.access_refused else held
    return Membership(id=organization.slug, name=organization.name, role=role, permissions=permissions)


def _session(session: Session) -> messages_pb2.Session:
    return messages_pb2.Session(
        id=session.id,
        current=session.id == _session_id(),
        created=timestamp(session.created),
        last_used=timestamp(session.last_used),
        expires=timestamp(session.expires),
        address=session.address or "",
        user_agent=session.user_agent or "",
    )
