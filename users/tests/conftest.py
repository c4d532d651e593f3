"""A users service over a real database, asked over gRPC as Envoy and the other services ask it."""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from deploy.local.postgres import Cluster
from mesh.background import running
from mesh.headers import IDENTITY
from mesh.identity import Verifier, service_metadata
from mesh.interceptor import Guard
from mesh.keyring import MeshKeys
from mesh.renewal import Renewals
from mesh.serve import Mesh
from scope.auth.v1.identity_pb2 import Identity
from scope.edge.v1.authorization_pb2 import CheckRequest, CheckResponse
from scope.edge.v1.authorization_pb2_grpc import AuthorizationStub
from scope.users.v1.messages_pb2 import LoginRequest, RenewRequest, RenewResponse, StreamCredential
from scope.users.v1.service_pb2_grpc import IdentityServiceStub, SessionServiceStub
from users import organizations, sign_in
from users.audit import Refusals
from users.build import registers
from users.bus import Bus
from users.database import Database
from users.identity import Keys
from users.migrations import migrate
from users.organizations import Created
from users.routes import Routes
from users.secrets import Kind
from users.settings import UsersSettings
from users.usage import Usage

LOOKUP = "/scope.users.v1.SessionService/Lookup"
LOGIN = "/scope.users.v1.SessionService/Login"
LIST_TOKENS = "/scope.users.v1.TokenService/ListTokens"
RENAME = "/scope.users.v1.OrganizationService/UpdateOrganization"
PUBLISH = "/scope.collection.v1.CollectionService/Publish"
RENEW = "/scope.users.v1.IdentityService/Renew"
PUBLIC_URL = "http://127.0.0.1:8080"


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Service:
    """A running users service."""

    url: str
    database: Database
    usage: Usage
    refusals: Refusals
    keys: Keys
    clock: Clock
    channel: grpc.aio.Channel
    mesh_keys: MeshKeys
    verifier: Verifier
    mesh: Mesh

    async def organization(self, name: str, admin: str = "ann@example.org") -> Created:
        async with self.database.begin() as session:
            return await organizations.create(session, name, admin)

    async def login_secret(self, email: str = "ann@example.org") -> str:
        async with self.database.begin() as session:
            return (await sign_in.create_link(session, email, PUBLIC_URL)).rpartition("/")[2]

    def execute(self, statement: str, *values: object) -> None:
        """Changes the database behind the service's back."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode(), values)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with psycopg.connect(self.url) as connection:
            (number,) = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            ).fetchone() or (0,)
        return int(number)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query answers."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()

    def text(self, table: str) -> str:
        """All that a table holds."""
        with psycopg.connect(self.url) as connection:
            return str(connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall())

    async def check(
        self, rpc: str, *, method: str = "GET", path: str = "/api/x", host: str = "scope.example:8080", **headers: str
    ) -> CheckResponse:
        """Asks as Envoy does; `x_scope_org="a"` is the header x-scope-org."""
        asked = CheckRequest()
        asked.attributes.context_extensions["rpc"] = rpc
        http = asked.attributes.request.http
        http.method, http.path, http.host = method, path, host
        for name, value in headers.items():
            http.headers[name.replace("_", "-")] = value
        answer: CheckResponse = await AuthorizationStub(self.channel).Check(asked)
        return answer

    async def login(self, secret: str) -> str:
        """Signs in as a browser does and answers the Set-Cookie header."""
        call = SessionServiceStub(self.channel).Login(
            LoginRequest(token=secret), metadata=await self.metadata(LOGIN, method="POST")
        )
        await call
        (cookie,) = [value for key, value in await call.initial_metadata() if key == "set-cookie"]
        return str(cookie)

    async def cookie(self, email: str = "ann@example.org") -> str:
        """Signs a person in and answers the Cookie header."""
        return (await self.login(await self.login_secret(email))).partition(";")[0]

    async def identity(self, rpc: str, **request: str) -> Identity:
        """The verified identity that Check injects."""
        return await self.verifier.caller(rpc, {IDENTITY: injected(await self.check(rpc, **request), IDENTITY)})

    async def metadata(self, rpc: str, **request: str) -> tuple[tuple[str, str], ...]:
        """What goes on with a call that was admitted."""
        return ((IDENTITY, injected(await self.check(rpc, **request), IDENTITY)),)

    async def renew(self, *credentials: tuple[str, str], service: str = "query") -> list[Identity | None]:
        request = RenewRequest(
            credentials=[StreamCredential(credential=name, organization=org) for name, org in credentials]
        )
        metadata = service_metadata(self.mesh_keys, service, RENEW)
        answer: RenewResponse = await IdentityServiceStub(self.channel).Renew(request, metadata=metadata)
        tokens = [renewed.token for renewed in answer.identities]
        return [await self.verifier.verify(token, service) if token else None for token in tokens]

    def away(self, *, away: bool) -> None:
        """Makes the database refuse everybody, or take them again."""
        name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(self.url)["dbname"])
        other = psycopg.conninfo.make_conninfo(self.url, dbname="postgres")
        with psycopg.connect(other, autocommit=True) as connection:
            limit = sql.Literal(0 if away else -1)
            connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, limit))
            # Waits for their end; the server's own vacuuming is not ours to end.
            ended = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = {} AND usename = {}"
            whose = (name.as_string().strip('"'), sql.SQL("current_user"))
            connection.execute(sql.SQL(ended).format(*whose))


def injected(answer: CheckResponse, name: str) -> str:
    """The one value of a header that Check injects."""
    (value,) = [option.header.value for option in answer.ok_response.headers if option.header.key == name]
    return str(value)


def secrets_in(text: str) -> list[str]:
    """What has the form of a secret."""
    return re.findall(rf"scope_(?:{'|'.join(Kind)})_[0-9A-Za-z]+", text)


def denial(answer: CheckResponse) -> tuple[int, str]:
    """The HTTP status and the reason of a denial."""
    assert answer.WhichOneof("http_response") == "denied_response", answer
    headers = {option.header.key: option.header.value for option in answer.denied_response.headers}
    return answer.denied_response.status.code, headers["x-scope-reason"]


@pytest.fixture(scope="session")
def migrated(postgres_cluster: Cluster) -> str:
    """The name of a database with the tables in it: to copy it takes less time than to make them."""
    name = "migrated"
    with psycopg.connect(postgres_cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
        migrate(postgres_cluster.url(name))
        connection.execute("ALTER DATABASE migrated ALLOW_CONNECTIONS false")
    return name


@pytest.fixture
def postgres_template(request: pytest.FixtureRequest) -> str:
    """One with the tables for tests that want them; for others, which make them, an empty one."""
    wanted = "accounts_url" in request.fixturenames
    return str(request.getfixturevalue("migrated")) if wanted else "template1"


@pytest.fixture
def accounts_url(postgres_url: str) -> str:
    """The URL of a database with the tables in it."""
    return postgres_url


@pytest.fixture
async def database(accounts_url: str) -> AsyncIterator[Database]:
    """A database with the tables in it."""
    database = Database(accounts_url)
    yield database
    await database.close()


def told(database_url: str, **more: Any) -> UsersSettings:
    """What a users service is told, but for what its tests give it themselves: its port and its keys."""
    nowhere = Path("/nowhere")
    return UsersSettings(
        listen="",
        users_address="",
        mesh_key_file=nowhere,
        identity_key_file=nowhere,
        database_url=database_url,
        public_url=PUBLIC_URL,
        **more,
    )


@pytest.fixture
def settings(postgres_url: str) -> UsersSettings:
    """What the users service of a test is told."""
    return told(postgres_url)


@pytest.fixture
async def joined() -> Bus | None:
    """The bus that the users service of a test is on; none."""
    return None


@pytest.fixture
async def users(database: Database, settings: UsersSettings, joined: Bus | None) -> AsyncIterator[Service]:
    """A users service on a port of its own, without organizations."""
    keys, clock, mesh_keys = Keys([Ed25519PrivateKey.generate()]), Clock(), MeshKeys([secrets.token_bytes(32)])
    usage, refusals = Usage(database), Refusals(database)
    verifier = Verifier(keys, mesh_keys)
    server = grpc.aio.server(interceptors=[Guard(verifier)])
    port = server.add_insecure_port("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        mesh = Mesh("users", settings, Renewals(channel, "users", mesh_keys, verifier))
        routes = Routes(joined, database, mesh_keys)
        more: dict[str, Any] = {"usage": usage, "refusals": refusals, "routes": routes, "clock": clock}
        for register in registers(mesh, settings, database, keys, **more).values():
            register(server)
        await server.start()
        async with running(mesh.renewals.run()):
            url = settings.database_url
            service = Service(url, database, usage, refusals, keys, clock, channel, mesh_keys, verifier, mesh)
            yield service
    await server.stop(0)
    # Whatever a test did: what is recorded of it has no secret.
    assert not secrets_in(service.text("audit_events"))
