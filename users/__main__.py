"""Runs the users service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from envoy.service.auth.v3.external_auth_pb2_grpc import add_AuthorizationServicer_to_server

from mesh.serve import Build, Mesh, Registers, run
from scope.users.v1 import service_pb2_grpc as contract
from users import credentials, service
from users.authorize import Authorizer
from users.cache import Credentials
from users.database import Database
from users.identity import Keys, Signer
from users.sessions import Cookie
from users.settings import UsersSettings
from users.usage import Usage


def users_service(settings: UsersSettings, keys: Keys) -> Build:
    """What the service consists of."""

    @asynccontextmanager
    async def build(_: Mesh) -> AsyncIterator[Registers]:
        database = Database(settings.database_url)
        known = Credentials(partial(credentials.by_secret, database))
        usage = Usage(database)
        writing = asyncio.create_task(usage.run())
        yield _registers(database, known, usage, keys, Cookie(settings.public_url))
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await database.close()

    return build


def _registers(database: Database, known: Credentials, usage: Usage, keys: Keys, cookie: Cookie) -> Registers:
    signer = Signer(keys.signing)
    authorization = service.Authorization(Authorizer(known, signer, usage, cookie.name))
    session = service.SessionService(database, known, cookie)
    token = service.TokenService(database, known)
    identity = service.IdentityService(database, keys, signer)
    return {
        "envoy.service.auth.v3.Authorization": partial(add_AuthorizationServicer_to_server, authorization),
        "scope.users.v1.SessionService": partial(contract.add_SessionServiceServicer_to_server, session),
        "scope.users.v1.TokenService": partial(contract.add_TokenServiceServicer_to_server, token),
        "scope.users.v1.IdentityService": partial(contract.add_IdentityServiceServicer_to_server, identity),
    }


def main() -> None:
    """Serves until told to stop."""
    settings = UsersSettings()
    keys = Keys.read(settings.identity_key_file)
    run("users", settings, users_service(settings, keys), keys)


if __name__ == "__main__":
    main()
