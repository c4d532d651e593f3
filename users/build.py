"""What the service consists of, put together."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog

from mesh.background import running
from mesh.identity import Verifier
from mesh.keyring import follow
from mesh.serve import Build, Mesh, Registers
from scope.edge.v1.authorization_pb2_grpc import add_AuthorizationServicer_to_server
from scope.users.v1 import service_pb2_grpc as contract
from users import accounts, bus, rates, service
from users.api_rate import ApiRate
from users.audit import Refusals
from users.audit.keeping import kept
from users.authorize import Authorizer
from users.cache import Credentials
from users.correspondence import sending
from users.credentials import Holders
from users.database import Database
from users.identity import Keys, Signer
from users.instruments import DATABASE
from users.origins import TrustedOrigins
from users.purge import purging
from users.rates import Limits
from users.routes import Routes
from users.sessions import Cookie, Rules
from users.settings import UsersSettings
from users.usage import Usage

# After how many seconds it is looked again whether somebody administers the deployment.
_LOOK_AGAIN = 5.0
_log = structlog.get_logger()


def users_service(settings: UsersSettings, keys: Keys) -> Build:
    """The service as mesh runs it."""

    @asynccontextmanager
    async def build(mesh: Mesh) -> AsyncIterator[Registers]:
        database = Database(settings.database_url)
        usage, refusals = Usage(database), Refusals(database)
        following = follow(settings.identity_key_file, keys.take)
        keep = timedelta(seconds=settings.audit_keep)
        try:
            async with (
                running(usage.run(), rates.keep_clear(database), following, announce(database)),
                bus.connected(settings) as joined,
                kept(database, refusals, joined, Verifier(keys, settings.mesh_keys), keep),
                purging(database, joined, timedelta(seconds=settings.purge_after)),
                sending(settings, database),
            ):
                with DATABASE.reads(database.in_use):
                    routes = Routes(joined, database, settings.mesh_keys)
                    yield registers(mesh, settings, database, keys, usage=usage, refusals=refusals, routes=routes)
        finally:
            await database.close()

    return build


def registers(
    mesh: Mesh,
    settings: UsersSettings,
    database: Database,
    keys: Keys,
    *,
    usage: Usage,
    refusals: Refusals,
    routes: Routes,
    clock: Callable[[], float] = time.monotonic,
) -> Registers:
    """The gRPC services; `clock` tells how old what is remembered is, in seconds."""
    rules = Rules.of(settings)
    holders = Holders(database, rules.idle)
    known = Credentials(holders.by_secret, clock)
    signer = Signer(keys, clock)
    cookie = Cookie(settings.public_url, rules.lifetime)
    limits = Limits.of(settings)
    rate = ApiRate(settings.api_rate, clock)
    origins = TrustedOrigins(settings.public_url, settings.cors_origins)
    authorizer = Authorizer(known, signer, usage, cookie=cookie.name, origins=origins, rate=rate, refusals=refusals)
    authorization = service.Authorization(authorizer)
    session = service.SessionService(database, refusals, known, cookie, rules=rules, limits=limits)
    token = service.TokenService(database, known)
    administration = service.AdministrationService(database, refusals, known)
    organization = service.OrganizationService(database, refusals, known, limits, settings.organizations_per_person)
    events = service.AuditService(database, mesh, settings.exports_per_user)
    tools = service.ToolService(settings.admin_links, routes)
    identity = service.IdentityService(holders, keys, signer, usage)
    return {
        "envoy.service.auth.v3.Authorization": partial(add_AuthorizationServicer_to_server, authorization),
        "scope.users.v1.SessionService": partial(contract.add_SessionServiceServicer_to_server, session),
        "scope.users.v1.TokenService": partial(contract.add_TokenServiceServicer_to_server, token),
        "scope.users.v1.AdministrationService": partial(
            contract.add_AdministrationServiceServicer_to_server, administration
        ),
        "scope.users.v1.ToolService": partial(contract.add_ToolServiceServicer_to_server, tools),
        "scope.users.v1.OrganizationService": partial(contract.add_OrganizationServiceServicer_to_server, organization),
        "scope.users.v1.AuditService": partial(contract.add_AuditServiceServicer_to_server, events),
        "scope.users.v1.IdentityService": partial(contract.add_IdentityServiceServicer_to_server, identity),
    }


async def announce(database: Database) -> None:
    """Says so, once, where nobody administers the deployment."""
    while True:
        try:
            async with database.begin() as session:
                first = await accounts.first_administrator(session)
            break
        except Exception:  # noqa: BLE001 - the database may be away, or without tables yet; calls say so
            await asyncio.sleep(_LOOK_AGAIN)
    if first is None:
        _log.info("nobody administers this deployment yet: run `scope-users create-admin EMAIL`")
