"""The table: every RPC, by every way there is to it, with every credential and every trick."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPException
from itertools import chain, product
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from deploy.local.files import read_json
from mesh.access import rules
from mesh.contracts import rpcs
from mesh.origins import origin
from tests.guard import tricks
from tests.guard.calls import CALLS, Call, Rest, message, rest, websocket
from tests.guard.credentials import Credential, credentials, others_token
from tests.guard.expected import Outcome, outside, refusal, says_whom
from tests.guard.people import Population
from tests.guard.wire import HTTP_STATUS, Edge
from users.sessions import Cookie

#: Calls made at the same time.
_AT_ONCE = 4
#: With which credentials tricks are tried: with nothing, and with what opens some RPCs and not others.
_TRICKED = ("none", "wrong API token", "API token of an administrator", "probe token")
#: The way that is not a REST binding.
_GRPC = "gRPC"
_NOT_ROUTED = Outcome("UNIMPLEMENTED", "ROUTE_NOT_FOUND")


@dataclass(frozen=True)
class Entry:
    """A line of the table: one call.

    Args:
        rpc: what is called.
        way: `gRPC`, or the verb and the path of REST.
        credential: the name of what it is called with.
        trick: the name of what is done to the request.
        request: the request, and `path` where it is sent to.
        expected: how it must end: code or status, and reason.
    """

    rpc: str
    way: str
    credential: str
    trick: str
    path: str
    request: bytes | Rest
    headers: Mapping[str, str]
    expected: tuple[str | int, str]


@dataclass(frozen=True)
class Verdict:
    """What came of the table: how much there was, and what was not as it must be."""

    rpcs: int
    credentials: int
    checked: int
    wrong: list[dict[str, Any]]


class Deployment(BaseModel):
    """What the table must know of a running mesh, from its users.env, local.json and run.json."""

    database_url: str
    public_url: str
    url: str
    ca_file: str = ""

    @classmethod
    def on(cls, data: Path) -> Self:
        """The one that runs on a data folder; raises ValueError when none does."""
        file = data / "users.env"
        lines = file.read_text().splitlines() if file.exists() else ()
        settings = {name.lower(): value for name, _, value in (line.partition("=") for line in lines)}
        return cls.model_validate({**settings, **read_json(data / "local.json"), **read_json(data / "run.json")})


async def walk(data: Path) -> Verdict:
    """Walks the table on the mesh that runs on a data folder; leaves nothing behind."""
    deployment = Deployment.on(data)
    people = Population()
    held = credentials(people, data / "secrets", Cookie(deployment.public_url, timedelta()).name)
    others_id, others = others_token(people)
    async with people.present(deployment.database_url):
        entries = [*table(held, others_id), *websockets(held, origin(deployment.public_url))]
        with Edge(deployment.url, deployment.ca_file) as edge, ThreadPoolExecutor(_AT_ONCE) as pool:
            wrong = [found for found in pool.map(lambda entry: _try(edge, entry), entries) if found]
            wrong += [found for entry in unharmed([*held, others], others_id) if (found := _try(edge, entry))]
    return Verdict(len(rpcs()), len(held), len(entries), unguarded() + wrong)


def unguarded() -> list[dict[str, Any]]:
    """What the contracts, or the table, do not say of an RPC."""
    mute = [rpc for rpc in rpcs() if not says_whom(rules(rpc))]
    unknown = [rpc for rpc in rpcs() if rpc not in CALLS]
    return [
        *({"rpc": rpc, "wrong": "its rules do not say whom it admits"} for rpc in mute),
        *({"rpc": rpc, "wrong": "it has no harmless call in tests/guard/calls.py"} for rpc in unknown),
    ]


def table(held: Sequence[Credential], others_id: str) -> Iterator[Entry]:
    """Every line."""
    tricked = [credential for credential in held if credential.name in _TRICKED]
    for rpc, call in CALLS.items():
        plain = [*_by_grpc(rpc, call, held, others_id), *_by_rest(rpc, call, held, others_id)]
        yield from plain
        names = {credential.name for credential in tricked}
        yield from (line for entry in plain if entry.credential in names for line in _tricked(entry))
    yield from _other_verbs(tricked, others_id)


def websockets(held: Sequence[Credential], own: str) -> Iterator[Entry]:
    """Every WebSocket, asked for by every page, and by programs."""
    paths = {rpc: path for rpc in rpcs() if (path := websocket(rpc))}
    for (rpc, path), credential, page in product(paths.items(), held, ("", own, *tricks.FOREIGN)):
        said = {"origin": page} if page else {}
        headers = {**credential.headers(rpc), **tricks.UPGRADE, **said}
        ends = _upgraded(rpc, credential, headers, own)
        path_there = path + credential.query
        yield Entry(rpc, "WebSocket", credential.name, page, path_there, Rest("GET", path, None), headers, ends)


def _upgraded(rpc: str, credential: Credential, headers: Mapping[str, str], own: str) -> tuple[int, str]:
    """What comes of asking for a WebSocket: wherever a browser may have sent a cookie it must say for whose page."""
    untold = "cookie" in headers and "authorization" not in headers
    if headers.get("origin", "" if untold else own) != own:
        return HTTP_STATUS["PERMISSION_DENIED"], "FOREIGN_ORIGIN"
    if ends := refusal(rpc, credential.worth, credential.wish):
        return HTTP_STATUS[ends.code], ends.reason
    return (HTTP_STATUS["INVALID_ARGUMENT"], "INVALID_FIELD") if credential.unknown_query else (101, "")


def unharmed(good: Sequence[Credential], others_id: str) -> Iterator[Entry]:
    """What is tried at the end: every credential that was good still is."""
    lookup, document = "/scope.users.v1.SessionService/Lookup", "/scope.collection.v1.CollectionService/PublishDocument"
    for credential in good:
        for rpc in (lookup, document):
            if refusal(rpc, credential.worth, credential.wish) is None:
                yield from _by_grpc(rpc, CALLS[rpc], [credential], others_id)


def _by_grpc(rpc: str, call: Call, held: Sequence[Credential], others_id: str) -> Iterator[Entry]:
    request = message(rpc, call, others_id)
    for credential in held:
        if not credential.query:
            ends = (refusal(rpc, credential.worth, credential.wish) or call.answer) if outside(rpc) else _NOT_ROUTED
            headers = {**call.headers, **credential.headers(rpc)}
            yield Entry(rpc, _GRPC, credential.name, "", rpc, request, headers, (ends.code, ends.reason))


def _by_rest(rpc: str, call: Call, held: Sequence[Credential], others_id: str) -> Iterator[Entry]:
    # What cannot be transcoded is refused by the edge itself: once it knows that the caller may call, or, for fields in
    # the address of what has a body, whoever calls.
    untold = Outcome("INVALID_ARGUMENT", tricks.REFUSALS[400])
    for (way, request), credential in product(rest(rpc, call, others_id), held):
        answer = untold if call.garbled or credential.unknown_query else call.answer
        ends = refusal(rpc, credential.worth, credential.wish) or answer
        if credential.unknown_query and request.body is not None:
            ends = untold
        headers = {**call.headers, **credential.headers(rpc)}
        expected = (HTTP_STATUS[ends.code], ends.reason)
        yield Entry(rpc, way, credential.name, "", request.path + credential.query, request, headers, expected)


def _tricked(entry: Entry) -> Iterator[Entry]:
    by_grpc = entry.way == _GRPC
    for trick in chain(tricks.HEADERS, () if by_grpc else tricks.HTTP_HEADERS):
        headers = {**trick.headers, **entry.headers}
        yield replace(entry, trick=trick.name, headers=headers, expected=_at(trick.statuses, entry))
    for trick in tricks.RPC_PATHS if by_grpc else tricks.PATHS:
        if (path := trick.path(entry.path)) == entry.path:  # it has nothing of what this one changes
            continue
        statuses = trick.statuses if entry.path.startswith("/api") else trick.page or trick.statuses
        expected = _at(statuses, entry) if not by_grpc else (_NOT_ROUTED.code, _NOT_ROUTED.reason)
        yield replace(entry, trick=trick.name, path=path, expected=expected)
    if by_grpc:
        yield from _as_json(entry)


def _as_json(entry: Entry) -> Iterator[Entry]:
    """The RPC's own path is no REST path."""
    for request in (Rest("GET", entry.path, None), Rest("POST", entry.path, b"{}")):
        bare = replace(entry, way=f"{request.verb} {entry.path}", trick="JSON", request=request)
        yield replace(bare, expected=_at(tricks.NO_SUCH_FILE, bare))


def _at(statuses: tricks.Statuses | None, entry: Entry) -> tuple[str | int, str]:
    if statuses is None:
        return entry.expected
    status = statuses.get(entry.way.partition(" ")[0], statuses[""])
    return status, tricks.REFUSALS.get(status, "")


def _other_verbs(held: Sequence[Credential], others_id: str) -> Iterator[Entry]:
    """Verbs that no binding of a path takes."""
    ways: dict[str, dict[str, str]] = defaultdict(dict)
    for rpc, call in CALLS.items():
        for _, request in rest(rpc, call, others_id):
            ways[request.path][request.verb] = rpc
    for (path, taken), credential in product(ways.items(), held):
        upgraded = {"GET"} if any(path == websocket(rpc) for rpc in rpcs()) else set()
        for verb in set(tricks.VERBS) - set(taken):
            rpc = min(taken.values())
            request = Rest(verb, path, None)
            status = 426 if verb in upgraded else 405
            expected = (status, "" if verb == "HEAD" else tricks.REFUSALS[status])
            headers = credential.headers(rpc)
            yield Entry(rpc, f"{verb} {path}", credential.name, "verb", path, request, headers, expected)


def _try(edge: Edge, entry: Entry) -> dict[str, Any] | None:
    """What is wrong with how the call ended; None when nothing is."""
    try:
        got = _made(edge, entry)
    except (OSError, HTTPException, ValueError, LookupError) as error:
        got = (type(error).__name__, str(error))
    if got == entry.expected:
        return None
    names = {"rpc": entry.rpc, "way": entry.way, "credential": entry.credential, "trick": entry.trick}
    return {**names, "path": entry.path, "expected": list(entry.expected), "got": list(got)}


def _made(edge: Edge, entry: Entry) -> tuple[str | int, str]:
    if isinstance(entry.request, Rest):
        return edge.rest(replace(entry.request, path=entry.path), entry.headers)
    ended = edge.rpc(entry.rpc, entry.path, entry.request, entry.headers)
    return ended.code, ended.reason
