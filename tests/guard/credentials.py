"""Every credential that the table tries, and what each is truly worth."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mesh.contracts import service_of
from mesh.identity import service_token, sign
from mesh.keyring import MeshKeys
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from tests.guard.expected import SEVERAL, Worth
from tests.guard.people import Population
from users import roles, secrets
from users.identity import Keys
from users.secrets import Kind
from users.tables import Organization, Role

_VIEW, _EDIT, _ALL = (frozenset(roles.PERMISSIONS[role]) for role in Role)
_NARROW = frozenset({"report.view"})
_UPLOAD = frozenset({"report.upload"})

Headers = Mapping[str, str]
InCookie = Callable[[str], Headers]


@dataclass(frozen=True)
class Credential:
    """What a caller sends to be somebody.

    Args:
        name: what it is.
        headers: the headers, for a call of that RPC.
        worth: what it is worth; None: nothing.
        wish: the organization that the headers or the query name.
        query: the query that goes with REST.
        unknown_query: whether no RPC knows what is in the query.
    """

    name: str
    headers: Callable[[str], Mapping[str, str]]
    worth: Worth | None = None
    wish: str = ""
    query: str = ""
    unknown_query: bool = False


def credentials(people: Population, secrets_folder: Path, cookie: str) -> list[Credential]:
    """All of them."""

    def in_cookie(secret: str) -> Headers:
        return {"cookie": f"{cookie}={secret}"}

    return [
        Credential("none", lambda _: {}),
        *_worthless(_malformed()),
        *_worthless(_unknown(in_cookie)),
        *_worthless(_ended(people, in_cookie)),
        *_worthless(_misplaced(people, in_cookie)),
        *_in_the_query(people),
        *_forged(people, secrets_folder),
        *_good(people, in_cookie),
    ]


def others_token(people: Population) -> tuple[str, Credential]:
    """A token of the other organization that somebody may try to revoke: its id, and the token."""
    name, secret = people.probe_token(people.other)
    worth = Worth(Caller.CALLER_PROBE, {people.other.slug: _UPLOAD})
    return name, _fixed("probe token of the other organization", _bearer(secret), worth)


def _bearer(secret: str) -> Headers:
    return {"authorization": f"Bearer {secret}"}


def _worthless(made: Mapping[str, Headers]) -> Iterator[Credential]:
    return (_fixed(name, headers) for name, headers in made.items())


def _fixed(name: str, headers: Headers, worth: Worth | None = None) -> Credential:
    return Credential(name, lambda _: headers, worth)


def _malformed() -> Mapping[str, Headers]:
    unknown = secrets.generate(Kind.API)
    values = {
        "an empty header": "",
        "a scheme alone": "Bearer",
        "no scheme": unknown,
        "another scheme": "Basic YWRtaW46YWRtaW4=",
        "nonsense": "Bearer nonsense",
        "a list": f"Bearer {unknown}, Bearer {unknown}",
        "a quoted token": f'Scope-Probe token="{unknown}"',
        "a long token": "Bearer scope_api_" + "x" * 4096,
        "a statement": "Bearer scope_api_' OR '1'='1",
        "an unsigned JSON Web Token": "Bearer eyJhbGciOiJub25lIn0.eyJhZG1pbiI6dHJ1ZX0.",
    }
    return {f"malformed: {name}": {"authorization": value} for name, value in values.items()}


def _unknown(in_cookie: InCookie) -> Mapping[str, Headers]:
    return {
        "wrong API token": _bearer(secrets.generate(Kind.API)),
        "wrong probe token": _bearer(secrets.generate(Kind.PROBE)),
        "wrong session": in_cookie(secrets.generate(Kind.SESSION)),
        "a cookie of nonsense": in_cookie("nonsense"),
    }


def _ended(people: Population, in_cookie: InCookie) -> Mapping[str, Headers]:
    now = datetime.now(UTC)
    revoked, over = {"revoked": now}, {"expires": now - timedelta(seconds=1)}
    idle = {"created": now - timedelta(days=29), "last_used": now - timedelta(days=28)}
    return {
        "expired session": in_cookie(people.session("admin", expires=timedelta(seconds=-1))),
        "revoked session": in_cookie(people.session("admin", **revoked)),
        "revoked API token": _bearer(people.api("admin", people.own, **revoked)),
        "revoked probe token": _bearer(people.probe(people.own, **revoked)),
        "idle session": in_cookie(people.session("admin", **idle)),
        "expired API token": _bearer(people.api("admin", people.own, **over)),
        "expired probe token": _bearer(people.probe(people.own, **over)),
        "waiting person's session": in_cookie(people.session("waiting")),
        "waiting person's API token": _bearer(people.api("waiting", people.own)),
        "session of an administrator who was one, as the editor": in_cookie(people.impersonation("editor", "nobody")),
        "disabled person's session": in_cookie(people.session("disabled")),
        "disabled person's API token": _bearer(people.api("disabled", people.own)),
        "API token of who is no member any more": _bearer(people.api("stranger", people.own)),
        "API token of a deleted organization": _bearer(people.api("left", people.gone)),
        "probe token of a deleted organization": _bearer(people.probe(people.gone)),
    }


def _misplaced(people: Population, in_cookie: InCookie) -> Mapping[str, Headers]:
    """Secrets that are good, where they do not belong."""
    session, api, probe = people.session("admin"), people.api("admin", people.own), people.probe(people.own)
    return {
        "session as a bearer token": _bearer(session),
        "session as a probe's token": {"authorization": f"Scope-Probe token={session}"},
        "API token as a session": in_cookie(api),
        "probe token as a session": in_cookie(probe),
        "sign-in link as a bearer token": _bearer(people.login("admin")),
        "sign-in link as a session": in_cookie(people.login("admin")),
        "session in another cookie": {"cookie": f"session={session}; Scope={session}; xscope={session}"},
        "session behind a wrong token": {**in_cookie(session), **_bearer(secrets.generate(Kind.API))},
        "token in other case": _bearer(api.upper()),
        "token cut short": _bearer(api[:-1]),
        "token with more": _bearer(api + "x"),
        "API token as a probe token": _bearer(api.replace("scope_api_", "scope_probe_")),
    }


def _in_the_query(people: Population) -> Iterator[Credential]:
    token = people.api("admin", people.own)
    for parameter in ("access_token", "authorization", "token", "x-scope-identity"):
        name = f"API token as the parameter {parameter}"
        yield Credential(name, lambda _: {}, query=f"?{parameter}={token}", unknown_query=True)


def _forged(people: Population, secrets_folder: Path) -> Iterator[Credential]:
    """What only the deployment itself can make, and nobody may send to the edge."""
    key = Keys.read(secrets_folder / "identity.pem").signing
    mesh_keys = MeshKeys.read(secrets_folder / "mesh.key")

    def identity(rpc: str, caller: Caller.ValueType) -> Headers:
        made = Identity(
            subject=people.people["admin"].id,
            organization=people.own.id,
            permissions=sorted(_ALL),
            credential="session:" + "0" * 32,
            rpc=rpc,
            audience=service_of(rpc),
            caller=caller,
            admin=True,
        )
        return {"x-scope-identity": sign(made, key), "x-scope-tenant": people.own.id}

    yield Credential("an identity of a person", lambda rpc: identity(rpc, Caller.CALLER_USER))
    yield Credential("an identity of a probe", lambda rpc: identity(rpc, Caller.CALLER_PROBE))
    yield Credential(
        "a service's token", lambda rpc: {"authorization": f"Mesh {service_token(mesh_keys, 'query', rpc)}"}
    )


def _good(people: Population, in_cookie: InCookie) -> Iterator[Credential]:
    own = people.own.slug
    admin, viewer = _person({own: _ALL}), _person({own: _VIEW})
    both = _signed_in({own: _ALL, people.other.slug: _VIEW})
    probe = Worth(Caller.CALLER_PROBE, {own: _UPLOAD})
    admin_token = _fixed("API token of an administrator", _bearer(people.api("admin", people.own)), admin)
    probe_token = _fixed("probe token", _bearer(people.probe(people.own)), probe)
    session = _fixed("session of an administrator", in_cookie(people.session("admin")), _signed_in({own: _ALL}))
    in_two = _fixed("session of who is in two organizations", in_cookie(people.session("both")), both)
    yield from (admin_token, probe_token, session, in_two)
    yield _fixed(
        "probe token as probes send it", {"authorization": f"Scope-Probe token={people.probe(people.own)}"}, probe
    )
    yield _fixed("session of a viewer", in_cookie(people.session("viewer")), _signed_in({own: _VIEW}))
    yield _fixed("session of an editor", in_cookie(people.session("editor")), _signed_in({own: _EDIT}))
    yield _fixed("API token of a viewer", _bearer(people.api("viewer", people.own)), viewer)
    yield _fixed(
        "narrowed API token of an administrator",
        _bearer(people.api("admin", people.own, permissions=["report.view", "no.such.permission"])),
        _person({own: _NARROW}),
    )
    yield _fixed("API token of the operator", _bearer(people.api("operator", people.own)), viewer)
    yield _fixed("session of nobody's member", in_cookie(people.session("nobody")), _signed_in({}))
    yield _fixed("session of who is only invited", in_cookie(people.session("invited")), _signed_in({}))
    yield _fixed("session of a deleted organization's member", in_cookie(people.session("left")), _signed_in({}))
    yield _fixed(
        "session of the operator", in_cookie(people.session("operator")), replace(_signed_in({own: _VIEW}), admin=True)
    )
    yield _fixed(
        "session of the operator as the editor", in_cookie(people.impersonation("editor")), _person({own: _EDIT})
    )
    yield from _refused(people, in_cookie)
    yield from _wishing((admin_token, probe_token, session, in_two), people.other)
    yield from _wishing((in_two,), people.own)
    yield from _wishing((session, in_two), people.gone)
    for first, second in ((people.own, people.other), (people.other, people.own)):
        headers = {**in_two.headers(""), "x-scope-org": first.slug}
        name, query = f"{in_two.name}, for {first.name} and {second.name}", f"?org={second.slug}"
        yield replace(in_two, name=name, headers=lambda _, headers=headers: headers, wish=SEVERAL, query=query)


def _refused(people: Population, in_cookie: InCookie) -> Iterator[Credential]:
    """Members and probes of an organization that the deployment refuses."""
    slug = people.refused.slug
    member = replace(_signed_in({slug: _ALL}), refused=True)
    yield _fixed("session of a refused organization's member", in_cookie(people.session("refused")), member)
    yield _fixed(
        "API token of a refused organization's member",
        _bearer(people.api("refused", people.refused)),
        replace(member, session=False),
    )
    probe = Worth(Caller.CALLER_PROBE, {slug: _UPLOAD}, refused=True)
    yield _fixed("probe token of a refused organization", _bearer(people.probe(people.refused)), probe)


def _person(places: Mapping[str, frozenset[str]]) -> Worth:
    return Worth(Caller.CALLER_USER, places)


def _signed_in(places: Mapping[str, frozenset[str]]) -> Worth:
    return Worth(Caller.CALLER_USER, places, session=True)


def _wishing(held: tuple[Credential, ...], organization: Organization) -> Iterator[Credential]:
    """The credentials with the wish to act in that organization, said by the header and said by the query."""
    slug = organization.slug
    for credential in held:
        name = f"{credential.name}, for {organization.name}"
        wishing = replace(credential, wish=slug)
        headers = {**credential.headers(""), "x-scope-org": slug}
        yield replace(wishing, name=name, headers=lambda _, headers=headers: headers)
        yield replace(wishing, name=f"{name} by query", query=f"?org={slug}")
