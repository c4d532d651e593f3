"""Following real logs."""

import asyncio
import shutil
import time
from dataclasses import replace
from typing import Any

import pytest

from mesh.errors import ServiceError
from query.options import Choice, Options
from query.organization import Organization, Organizations, following
from query.probe import Heading
from query.settings import QuerySettings
from query.tests.conftest import Log, eventually
from query.tests.machines import NOON, Machine, Reporter
from query.tests.test_views import nodes
from query.topologies import topologies

HOSTS = Choice(sensitive=True)
PROCESSES = Options().choice(topologies()["processes"], {"unconnected": "show"}, sensitive=True)


async def hosts(organization: Organization) -> set[str]:
    view = await organization.view(topologies()["hosts"], HOSTS)
    return {name.removesuffix(";<host>") for name in nodes(view)}


async def shows(organization: Organization, names: set[str]) -> bool:
    return await hosts(organization) == names


async def test_the_present_state_is_there_at_the_first_read(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    for number in range(40):
        reporter = Reporter(f"p{number}", Machine(f"h{number}"))
        await log.full("o", reporter)
        reporter.machines = [Machine(f"h{number}"), Machine(f"second{number}")]
        await log.append("o", reporter.probe, reporter.delta())
    organization = await organizations.get("o")
    assert await hosts(organization) == {f"{kind}{number}" for kind in ("h", "second") for number in range(40)}
    probe = organization.model.probes["p7"]
    assert (probe.version, probe.dropped) == ("9", 4)


async def test_what_comes_later_is_followed(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    reporter = Reporter("p", Machine("first"))
    await log.full("o", reporter)
    organization = await organizations.get("o")
    assert await hosts(organization) == {"first"}
    reporter.machines = [Machine("second")]
    await log.append("o", "p", reporter.delta())
    await eventually(lambda: shows(organization, {"second"}))


async def test_what_collection_did_not_store_is_not_believed(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    forged, real = Reporter("forged", Machine("forged")), Reporter("real", Machine("real"))
    await log.append("o", forged.probe, forged.full(), mesh_key=b"another deployment's key")
    await log.full("o", real)
    organization = await organizations.get("o")
    assert await hosts(organization) == {"real"}


async def test_a_log_that_appears_later_is_found(log: Log, organizations: Organizations) -> None:
    organization = await organizations.get("o")
    assert await hosts(organization) == set()
    await log.create("o")
    await log.full("o", Reporter("p", Machine("late")))
    await eventually(lambda: shows(organization, {"late"}))


async def test_two_organizations_never_mix(log: Log, organizations: Organizations) -> None:
    for name in ("one", "two"):
        await log.create(name)
        await log.full(name, Reporter("p", Machine(name)))
    assert await hosts(await organizations.get("one")) == {"one"}
    assert await hosts(await organizations.get("two")) == {"two"}


async def test_following_goes_on_after_a_restart_of_the_log(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    reporter = Reporter("p", Machine("before"))
    await log.full("o", reporter)
    organization = await organizations.get("o")
    assert organization.failure() is None
    await asyncio.to_thread(log.server.stop)
    await eventually(organization.failure)
    assert await hosts(await organizations.get("o")) == {"before"}
    await asyncio.to_thread(log.server.start)
    reporter.machines = [Machine("after")]
    await eventually(lambda: _appended(log, reporter))
    await eventually(lambda: shows(organization, {"after"}))
    await eventually(lambda: organization.failure() is None)


async def _appended(log: Log, reporter: Reporter) -> bool:
    try:
        await log.full("o", reporter)
    except Exception:  # noqa: BLE001 - whatever it is, it is tried again
        return False
    return True


async def test_a_log_that_was_deleted_and_made_anew_is_followed(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    for number in range(5):
        await log.full("o", Reporter("p", Machine("old"), epoch=number + 1))
    organization = await organizations.get("o")
    assert await hosts(organization) == {"old"}
    await asyncio.to_thread(log.server.stop)
    await asyncio.to_thread(shutil.rmtree, log.server._broker.folder / "store")
    await asyncio.to_thread(log.server.start)
    await eventually(lambda: _created(log))
    await log.full("o", Reporter("q", Machine("new")))
    await eventually(lambda: shows(organization, {"old", "new"}))


async def _created(log: Log) -> bool:
    try:
        await log.create("o")
    except Exception:  # noqa: BLE001 - whatever it is, it is tried again
        return False
    return True


async def test_nothing_is_answered_while_the_log_is_away(nats_server: Any, query_settings: QuerySettings) -> None:
    async with following(query_settings) as organizations:
        await asyncio.to_thread(nats_server.stop)
        with pytest.raises(ServiceError, match="log cannot be reached"):
            await organizations.get("o")


async def test_what_cannot_be_read_is_passed_over(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    reporter = Reporter("p", Machine("good"))
    await log.append("o", "bad", reporter.full(), body=b"\xff\xff\xff")
    await log.full("o", reporter)
    assert await hosts(await organizations.get("o")) == {"good"}


async def test_old_reports_are_those_of_probes_that_are_gone(log: Log, query_settings: QuerySettings) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("old")))
    settings = query_settings.model_copy(update={"quiet_after": 0.1, "gone_after": 0.2})
    await asyncio.sleep(0.3)  # the report's own age is what is tested
    async with following(settings) as organizations:
        assert await hosts(await organizations.get("o")) == set()


async def test_who_is_gone_stays_gone_when_the_log_is_back(log: Log, query_settings: QuerySettings) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("old")))
    settings = query_settings.model_copy(update={"quiet_after": 0.1, "gone_after": 0.5})
    async with following(settings) as organizations:
        organization = await organizations.get("o")
        await eventually(lambda: shows(organization, set()))
        await asyncio.to_thread(log.server.stop)
        await asyncio.to_thread(log.server.start)
        seen: set[str] = set()
        reporter = Reporter("q", Machine("new"))

        async def look() -> bool:
            await _appended(log, reporter)  # each time: it is soon gone again
            seen.update(await hosts(organization))
            return "new" in seen

        await eventually(look)
        assert seen == {"new"}


async def test_what_nobody_reads_is_let_go(log: Log, query_settings: QuerySettings) -> None:
    await log.create("o")
    settings = query_settings.model_copy(update={"idle_after": 2.0})
    async with following(settings) as organizations:
        first = await organizations.get("o")
        view = await first.view(topologies()["hosts"], HOSTS)
        wake = asyncio.Event()
        view.wakes.add(wake)
        await log.full("o", Reporter("p", Machine("a"), epoch=NOON))
        await asyncio.wait_for(wake.wait(), 60)
        await asyncio.sleep(3)  # longer than the idle time: somebody waits in the view, so it stays
        assert await organizations.get("o") is first
        assert await first.view(topologies()["hosts"], HOSTS) is view
        view.wakes.clear()
        await eventually(lambda: not organizations._followed)
        assert await organizations.get("o") is not first


async def test_an_organization_that_fails_begins_anew(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    await log.full("o", Reporter("p", Machine("a")))
    first = await organizations.get("o")
    first.model._join = None  # type: ignore[assignment]
    await log.full("o", Reporter("p", Machine("b"), epoch=2))
    await eventually(lambda: not organizations._followed)
    assert await hosts(await organizations.get("o")) == {"b"}


async def test_who_comes_in_the_place_of_one_that_fails_stays(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    first = await organizations.get("o")
    following_first = organizations._tasks.pop("o")
    del organizations._followed["o"]
    second = await organizations.get("o")
    first.model._join = None  # type: ignore[assignment]
    await asyncio.wait_for(following_first, 60)
    assert await organizations.get("o") is second
    assert organizations._tasks.keys() == {"o"}


async def test_one_that_fails_when_it_was_let_go_already(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    first = await organizations.get("o")
    task = organizations._tasks.pop("o")
    del organizations._followed["o"]
    first.model._join = None  # type: ignore[assignment]
    await asyncio.wait_for(task, 60)


async def test_sweeping_goes_on_after_an_error_that_nobody_foresaw(log: Log, query_settings: QuerySettings) -> None:
    await log.create("bad")
    settings = query_settings.model_copy(update={"idle_after": 0.1})
    async with following(settings) as organizations:
        bad = await organizations.get("bad")
        bad.read = None  # type: ignore[assignment]
        await organizations.get("good")
        await eventually(lambda: organizations._followed == {"bad": bad})


def heading(name: str) -> Heading:
    return Heading("p", name, time.monotonic(), time.time())


async def test_the_last_words_of_who_is_gone_are_not_looked_at(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    report = Reporter("p", Machine("a")).full().SerializeToString()
    organization.take(replace(heading("1"), arrived=time.monotonic() - 61), report)
    assert organization._held
    assert not organization._waiting
    assert not organization.model.probes
    await log.full("o", Reporter("q", Machine("new")))
    await eventually(lambda: shows(organization, {"new"}))
    await eventually(lambda: not organization._held)


async def test_an_old_full_report_is_what_a_new_delta_is_against(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    reporter = Reporter("p", Machine("first"))
    organization.take(replace(heading("1"), arrived=time.monotonic() - 61), reporter.full().SerializeToString())
    reporter.machines = [Machine("second")]
    organization.take(heading("2"), reporter.delta().SerializeToString())
    assert await hosts(organization) == {"second"}


async def test_what_is_read_before_views_take_a_report_in(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    machine = Machine("a", {1: "one", 2: "two"})
    reporter = Reporter("p", machine)
    organization.take(heading("1"), reporter.full().SerializeToString())
    view = await organization.view(topologies()["processes"], PROCESSES)
    machine.processes = {1: "one"}
    organization.take(heading("2"), reporter.delta().SerializeToString())
    # Nobody has read the second process yet, and its probe says that it is gone.
    assert nodes(view).keys() == {"a;1", "a;2"}
    assert view.details("a;2") is not None
    organization.tell()
    assert nodes(view).keys() == {"a;1"}


async def test_a_host_that_is_renamed_while_somebody_reads(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    reporter = Reporter("p", Machine("a", {1: "one", 2: "two"}))
    full = reporter.full()
    organization.take(heading("1"), full.SerializeToString())
    view = await organization.view(topologies()["processes"], PROCESSES)
    assert [node["parents"][0]["label"] for node in nodes(view).values()] == ["a", "a"]
    full.number += 1
    next(node for node in full.nodes if node.id == "a").label = "other.name"
    organization.take(heading("2"), full.SerializeToString())
    view.details("a;1")
    organization.tell()
    assert [node["parents"][0]["label"] for node in nodes(view).values()] == ["other", "other"]


async def test_reports_that_wait_are_bounded(
    log: Log, organizations: Organizations, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    await organization.view(topologies()["hosts"], HOSTS)
    report = Reporter("p", Machine("a")).full().SerializeToString()
    organization.take(heading("1"), report)
    assert len(organization._waiting) == 1
    monkeypatch.setattr("query.organization._WAITING_BYTES", len(report))
    organization.take(heading("2"), report)
    assert not organization._waiting
    assert await hosts(organization) == {"a"}


async def test_a_report_that_nobody_foresaw_hides_no_others(log: Log, organizations: Organizations) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    await organization.view(topologies()["hosts"], HOSTS)
    organization.model.probes["p"] = None  # type: ignore[assignment]
    report = Reporter("p", Machine("a")).full().SerializeToString()
    organization.take(heading("1"), report)
    organization.take(replace(heading("2"), probe="q"), report)
    organization._take_in()
    del organization.model.probes["p"]
    organization.settle()
    assert await hosts(organization) == {"a"}


def test_settings_become_lifetimes(query_settings: QuerySettings) -> None:
    lifetimes = query_settings.model_copy(update={"quiet_after": 1, "gone_after": 2, "edges_kept": 3}).lifetimes()
    assert lifetimes == replace(lifetimes, quiet=1, gone=2, edges=3, samples=60)


async def test_other_work_goes_on_while_a_view_is_made_and_what_arrives_meanwhile_is_not_lost(
    log: Log, organizations: Organizations
) -> None:
    await log.create("o")
    organization = await organizations.get("o")
    machine = Machine("a", dict.fromkeys(range(1, 3000), "one"))
    reporter = Reporter("p", machine)
    organization.take(heading("1"), reporter.full().SerializeToString())
    making = asyncio.create_task(organization.view(topologies()["processes"], PROCESSES))
    turns = 0
    while not making.done():
        turns += 1
        if turns == 2:
            machine.processes[3000] = "late"
            organization.take(heading("2"), reporter.delta().SerializeToString())
        await asyncio.sleep(0)
    assert turns > 3
    view = await making
    assert "a;2999" in nodes(view)
    await eventually(lambda: "a;3000" in nodes(view))
