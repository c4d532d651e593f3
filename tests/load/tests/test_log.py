"""Whether a lost report would be seen."""

from typing import TYPE_CHECKING

import nats
from nats.js.api import StreamConfig

from tests.load.log import Entry, stored
from tests.load.target import Target

if TYPE_CHECKING:
    from conftest import NatsServer

ORGANIZATIONS = ("0123", "4567")


def _target(server: "NatsServer") -> Target:
    return Target(
        url="", service_token="", api_token="", nats_url=server.url, nats_key=server.nkey_file("reader"), data=None
    )


async def _append(server: "NatsServer", entries: list[tuple[str, Entry]]) -> None:
    client = await nats.connect(
        server.url, nkeys_seed=str(server.nkey_file("collection")), inbox_prefix="_INBOX_collection"
    )
    log = client.jetstream()
    for organization in ORGANIZATIONS:
        await log.add_stream(StreamConfig(name=f"reports-{organization}", subjects=[f"reports.{organization}.>"]))
    for organization, (probe, epoch, number) in entries:
        headers = {"Scope-Epoch": str(epoch), "Scope-Number": str(number)}
        await log.publish(f"reports.{organization}.{probe}.full", b"x" * 1000, headers=headers)
    await client.close()


async def test_exactly_what_the_log_holds_is_found(nats_server: "NatsServer") -> None:
    ours = [Entry(f"load-{number % 3}", 7, number) for number in range(300)]
    entries = [("4567", entry) for entry in ours]
    await _append(nats_server, [*entries, ("0123", Entry("another", 7, 1)), ("4567", Entry("another", 7, 1))])
    assert await stored(_target(nats_server), {"load-0", "load-1", "load-2"}) == set(ours)


async def test_a_log_without_anything_has_nothing(nats_server: "NatsServer") -> None:
    assert await stored(_target(nats_server), {"load-0"}) == set()
    await _append(nats_server, [])
    assert await stored(_target(nats_server), {"load-0"}) == set()
