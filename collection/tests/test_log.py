"""The report log as it is written, in a real JetStream."""

from pathlib import Path

import pytest

from collection.log import Entry, ReportLog, stream_name
from collection.settings import CollectionSettings
from conftest import NatsServer
from mesh import bus

ORGANIZATION = "b" * 32
MIB = 1024 * 1024


def entry(number: int) -> Entry:
    return Entry(ORGANIZATION, "probe-1", epoch=1, number=number, base=0, version="", dropped=0, body=b"report")


@pytest.mark.parametrize("then", [16 * MIB, 32 * MIB])
async def test_bounds_that_an_operator_changed_hold_for_logs_that_are_there(
    nats_server: NatsServer, tmp_path: Path, then: int
) -> None:
    key = tmp_path / "mesh.key"
    key.write_text("ab" * 32)
    for number, most in enumerate((24 * MIB, then), start=1):
        settings = CollectionSettings(
            listen="127.0.0.1:0",
            mesh_key_file=key,
            users_address="127.0.0.1:9",
            nats_url=nats_server.url,
            nats_nkey_file=nats_server.nkey_file("collection"),
            log_max_bytes=most,
        )
        client = await bus.connect("collection", settings)
        await ReportLog(client, settings).append(entry(number))
        found = await client.jetstream().stream_info(stream_name(ORGANIZATION))
        assert (found.config.max_bytes, found.state.messages) == (most, number)
        await client.close()
