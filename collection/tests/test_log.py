"""The report log as it is written, in a real JetStream."""

from pathlib import Path

import pytest

from collection.log import Entry, ReportLog, stream_name
from collection.settings import CollectionSettings
from conftest import NatsServer
from mesh import bus

ORGANIZATION = "b" * 32
MIB = 1024 * 1024


def entry(number: int, probe: str = "probe-1", base: int = 0) -> Entry:
    return Entry(ORGANIZATION, probe, epoch=1, number=number, base=base, version="", dropped=0, body=b"report")


def settings_of(nats_server: NatsServer, folder: Path, log_max_bytes: int) -> CollectionSettings:
    key = folder / "mesh.key"
    key.write_text("ab" * 32)
    return CollectionSettings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address="127.0.0.1:9",
        nats_url=nats_server.url,
        nats_nkey_file=nats_server.nkey_file("collection"),
        log_max_bytes=log_max_bytes,
    )


async def test_a_probe_is_known_by_any_of_its_reports(nats_server: NatsServer, tmp_path: Path) -> None:
    settings = settings_of(nats_server, tmp_path, 16 * MIB)
    client = await bus.connect("collection", settings)
    log = ReportLog(client, settings)
    assert await log.probes(ORGANIZATION) == set()
    for made in (entry(1), entry(2, base=1), entry(2, "deltas-only", base=1)):
        await log.append(made)
    assert await log.probes(ORGANIZATION) == {"probe-1", "deltas-only"}
    await client.close()


@pytest.mark.parametrize("then", [16 * MIB, 32 * MIB])
async def test_bounds_that_an_operator_changed_hold_for_logs_that_are_there(
    nats_server: NatsServer, tmp_path: Path, then: int
) -> None:
    for number, most in enumerate((24 * MIB, then), start=1):
        settings = settings_of(nats_server, tmp_path, most)
        client = await bus.connect("collection", settings)
        await ReportLog(client, settings).append(entry(number))
        found = await client.jetstream().stream_info(stream_name(ORGANIZATION))
        assert (found.config.max_bytes, found.state.messages) == (most, number)
        await client.close()
