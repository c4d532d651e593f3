"""Every process may start before what it needs is there, and works as soon as it is."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.command import accepts
from tests.e2e.client import Api
from tests.e2e.parts import Parts, eventually, parts

_STORES = ("nats", "postgres")
_SERVICES = ("users-0", "collection-0", "query-0", "control-0", "pipe-0", "sockets-0", "ui-server-0")
_ALL = (*_STORES, *_SERVICES, "envoy", "probe")

#: What each says once it does what it can: works, or waits for something.
_SAYS = {**dict.fromkeys(_SERVICES, ("serving", "away")), "probe": ("connected",)}


def _orders() -> list[Sequence[str]]:
    """Against the order of `make up`, those in which stores come last or late, and one at random."""
    chance = random.Random(1)
    calls = ("pipe-0", "sockets-0", "control-0")
    waiting = ("probe", "query-0", "ui-server-0", *calls, "nats", "collection-0", "postgres", "envoy", "users-0")
    return [_ALL[::-1], (*_ALL[2:], *_STORES), waiting, chance.sample(_ALL, len(_ALL))]


@pytest.mark.timeout(900)
async def test_a_report_is_shown_whatever_started_first(tmp_path: Path) -> None:
    async with parts(tmp_path / "data") as (mesh, api):
        for order in _orders():
            began = datetime.now(UTC)
            for name in order:
                mesh.start(name)
                await eventually(lambda name=name: _under_way(mesh, api, name), f"{name} of {order}")
            await eventually(lambda began=began: _reported(api, began), f"a report, after {order}")
            assert mesh.deaths() == dict.fromkeys(order, 0)
            await mesh.stop_all()


def _under_way(mesh: Parts, api: Api, name: str) -> bool:
    if name == "envoy":
        return accepts(int(api.url.rpartition(":")[2]))
    if name in _STORES:
        return mesh.commands[name].ready()
    return any(word in mesh.log(name) for word in _SAYS[name])


def _reported(api: Api, since: datetime) -> bool:
    answer = api.get("/api/probes")
    return answer.status == 200 and any(datetime.fromisoformat(probe["lastSeen"]) > since for probe in answer.json())


@pytest.mark.timeout(600)
async def test_a_replica_of_users_without_its_database_is_not_noticed_while_there_is_another(tmp_path: Path) -> None:
    async with parts(tmp_path / "data", replicas=2) as (mesh, api):
        for name in mesh.names:
            if name not in ("probe", "postgres"):
                nowhere = {"DATABASE_URL": "postgresql://scope@127.0.0.1:1/scope"} if name == "users-1" else {}
                mesh.start(name, **nowhere)
        await eventually(lambda: Api(api.url).get("/api").status == 200, "what is public, without any database")
        away = api.get("/api/users/tokens")
        assert away.status == 503
        assert away.json()["details"][0]["reason"] == "IDENTITY_UNAVAILABLE"
        mesh.start("postgres")
        await eventually(lambda: api.get("/api/users/tokens").status == 200, "the database is found")
        assert {api.get("/api/users/tokens").status for _ in range(10)} == {200}
