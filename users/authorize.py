"""The edge's question: may this request call that RPC, and as whom?"""

from contextlib import suppress

import grpc
import structlog

from mesh import access, headers
from mesh.contracts import service_of
from mesh.errors import ServiceError, permission_denied, unauthenticated, unavailable
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.edge.v1.authorization_pb2 import (
    AttributeContext,
    CheckRequest,
    CheckResponse,
    HeaderValue,
    HeaderValueOption,
)
from scope.errors.v1.errors_pb2 import Reason
from users import request
from users.api_rate import ApiRate
from users.audit import Refusals, denials
from users.cache import Credentials
from users.credentials import Holder, Place
from users.denial import denied
from users.identity import Signer
from users.instruments import CHECKS
from users.origins import TrustedOrigins
from users.secrets import Secret
from users.tables import SLUG_LENGTH
from users.usage import Usage

#: The subject of an identity that is nobody's in particular.
PUBLIC = "public"

_OVERWRITE = HeaderValueOption.HeaderAppendAction.HEADER_APPEND_ACTION_OVERWRITE_IF_EXISTS_OR_ADD
_SECRET_HEADERS = ("authorization", "cookie")
_log = structlog.get_logger()


class Authorizer:
    """Decides what a request may do.

    Args:
        credentials: who holds a secret.
        signer: signs the identity that goes on with the request.
        usage: where the use of a credential is noted.
        cookie: the name of the session cookie.
        origins: of whose pages state changes are taken.
        rate: how often one credential may be used.
        refusals: where denials are noted that matter.
    """

    def __init__(
        self,
        credentials: Credentials,
        signer: Signer,
        usage: Usage,
        *,
        cookie: str,
        origins: TrustedOrigins,
        rate: ApiRate,
        refusals: Refusals,
    ) -> None:
        self._credentials = credentials
        self._signer = signer
        self._usage = usage
        self._cookie = cookie
        self._origins = origins
        self._rate = rate
        self._refusals = refusals

    async def check(self, asked: CheckRequest) -> CheckResponse:
        """Answers with the identity to inject, or the denial to send.

        Raises:
            ServiceError: UNAVAILABLE when that cannot be found out here: the edge then asks another replica.
        """
        http = asked.attributes.request.http
        rpc = asked.attributes.context_extensions.get("rpc", "")
        try:
            identity = await self._identity(rpc, http)
        except ServiceError as error:
            CHECKS.add(1, error.reason_name)
            if error.code == grpc.StatusCode.UNAVAILABLE:
                raise
            return denied(error, http)
        CHECKS.add(1, "ADMITTED")
        return _admitted(identity, self._signer.token(identity), http)

    async def _identity(self, rpc: str, http: AttributeContext.HttpRequest) -> Identity:
        self._origins.check(http)
        if any(rule.caller == Caller.CALLER_PUBLIC for rule in access.rules(rpc)):
            identity = Identity(subject=PUBLIC, caller=Caller.CALLER_PUBLIC)
        else:
            identity = await self._somebody(rpc, http)
        identity.rpc = rpc
        identity.audience = service_of(rpc)
        identity.address = request.address(http)
        return identity

    async def _somebody(self, rpc: str, http: AttributeContext.HttpRequest) -> Identity:
        """Who sends the request, if they may. What is remembered admits and never denies.

        So nobody is denied what was granted a moment ago, through another replica.
        """
        secret = request.credential(http.headers, self._cookie)
        holder = await self._holder(secret)
        self._usage.note(holder)
        self._rate.take(holder)
        with suppress(ServiceError):
            return _acting(holder, _place(holder, rpc, request.wish(http)), rpc)
        return self._admit(await self._holder(secret, anew=True), rpc, http)

    def _admit(self, holder: Holder, rpc: str, http: AttributeContext.HttpRequest) -> Identity:
        place = None
        try:
            place = _place(holder, rpc, request.wish(http))
            return _acting(holder, place, rpc)
        except ServiceError as error:
            identity = holder.identity(place)
            identity.address = request.address(http)
            denials.note(self._refusals, rpc, identity, error)
            raise

    async def _holder(self, secret: Secret | None, *, anew: bool = False) -> Holder:
        """Who sends the request. Missing, malformed, unknown, revoked and expired credentials are refused alike."""
        try:
            holder = await self._credentials.holder(secret, anew=anew) if secret else None
        except ServiceError as error:
            raise _unknown() from error
        except Exception as error:
            # Whatever it is, it cannot be found out for now, which is not that the caller is nobody.
            _log.exception("a credential could not be judged")
            raise _unknown() from error
        if holder is None:
            raise unauthenticated()
        return holder


def _acting(holder: Holder, place: Place | None, rpc: str) -> Identity:
    """The holder in the place; raises ServiceError where they may not call the RPC there."""
    identity = holder.identity(place)
    access.check(rpc, identity)
    return identity


def _unknown() -> ServiceError:
    message = "it cannot be found out who you are at the moment; try again"
    return unavailable(Reason.REASON_IDENTITY_UNAVAILABLE, message)


def _place(holder: Holder, rpc: str, wish: str) -> Place | None:
    """The organization that the request is about.

    One that is not the caller's and one that is not there are refused alike.
    """
    if wish:
        chosen = next((place for place in holder.places if place.slug == wish), None)
        if chosen is None:
            message = f"there is no organization {wish[:SLUG_LENGTH]!r} that this credential is good for"
            raise permission_denied(message)
        return chosen
    if len(holder.places) == 1:
        return holder.places[0]
    if holder.places and _needs_place(holder, rpc):
        message = "you belong to several organizations; say which with ?org= or the header X-Scope-Org"
        metadata = {"parameter": request.PARAMETER}
        raise ServiceError(grpc.StatusCode.INVALID_ARGUMENT, Reason.REASON_ORGANIZATION_REQUIRED, message, metadata)
    return None


def _needs_place(holder: Holder, rpc: str) -> bool:
    """Whether the RPC admits members of an organization, and does not admit the holder acting in none."""
    if all(rule.caller != Caller.CALLER_ORG_MEMBER for rule in access.rules(rpc)):
        return False
    try:
        access.check(rpc, holder.identity(None))
    except ServiceError:
        return True
    return False


def _admitted(identity: Identity, token: str, http: AttributeContext.HttpRequest) -> CheckResponse:
    answer = CheckResponse()
    ok = answer.ok_response
    ok.headers.append(_set(headers.IDENTITY, token))
    ok.headers_to_remove.extend(_SECRET_HEADERS)
    if identity.organization:
        ok.headers.append(_set(headers.TENANT, identity.organization))
    else:
        ok.headers_to_remove.append(headers.TENANT)
    if "?" in http.path:
        ok.query_parameters_to_remove.append(request.PARAMETER)
    return answer


def _set(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=_OVERWRITE)
