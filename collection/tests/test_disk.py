"""A disk that takes nothing more, although the log may still grow: nothing is acknowledged that is not written."""

import resource
from pathlib import Path

import pytest

from collection.log import Entry, ReportLog
from collection.settings import CollectionSettings
from collection.tests.test_log import ORGANIZATION
from conftest import NatsServer
from mesh import bus
from mesh.errors import ServiceError

_REPORT = 200_000
_FILE = 1_000_000


def entry(number: int) -> Entry:
    body = bytes(_REPORT)
    return Entry(ORGANIZATION, "probe-1", epoch=1, number=number + 1, base=0, version="", dropped=0, body=body)


async def test_what_cannot_be_written_is_refused_until_the_bus_starts_again(
    nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bus gives such a stream up for as long as it runs: its `max_file_store` lies below the disk's size."""
    monkeypatch.setattr("collection.log.TIMEOUT", 5.0)
    key = tmp_path / "mesh.key"
    key.write_text("ab" * 32)
    settings = CollectionSettings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address="127.0.0.1:9",
        nats_url=nats_server.url,
        nats_nkey_file=nats_server.nkey_file("collection"),
    )
    client = await bus.connect("collection", settings)
    _, most = resource.prlimit(nats_server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(nats_server.pid, resource.RLIMIT_FSIZE, (_FILE, most))
    stored = await _until_refused(ReportLog(client, settings))
    await bus.close(client)
    nats_server.stop()
    nats_server.start()
    client = await bus.connect("collection", settings)
    log = ReportLog(client, settings)
    assert [await log.append(entry(number)) for number in range(stored + 1)] == [False] * stored + [True]
    await bus.close(client)


async def _until_refused(log: ReportLog) -> int:
    """How many were stored before."""
    for number in range(2 * _FILE // _REPORT):
        try:
            assert await log.append(entry(number))
        except ServiceError as error:
            if error.reason_name != "LOG_UNAVAILABLE":
                raise
            return number
    raise AssertionError("all could be written")
