import asyncio
import copy
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import PATHS, ApiServer
from probe.tests.kubernetes.following import HOST, asked, followed
from probe.tests.waiting import DEADLINE, until
from scope_probe.kubernetes import Role, following, reporter
from scope_probe.kubernetes.api import ConfigurationError, connect, of_node
from scope_probe.kubernetes.following import Follower, Troubles
from scope_probe.kubernetes.reporter import Kubernetes

pytestmark = pytest.mark.integration

NEW = shop.pod("new", "ant", "10.1.0.9")
EVERY = {pod["metadata"]["name"] for pod in shop.PODS}


async def watched(api: ApiServer, count: int = len(PATHS)) -> None:
    await until(lambda: len(api.watches) == count)


async def test_what_happens_is_told_and_known(api: ApiServer) -> None:
    async with followed(Role.CLUSTER) as found:
        await watched(api)
        found.changed.clear()
        api.put("pods", NEW)
        await asyncio.wait_for(found.changed.wait(), DEADLINE)
        assert found.names() == EVERY | {"new"}
        found.changed.clear()
        api.delete("pods", "new")
        await asyncio.wait_for(found.changed.wait(), DEADLINE)
        assert found.names() == EVERY
        api.change("pods", "db-0", phase="Failed")
        await until(lambda: found.report().nodes["uid-db-0;<pod>"].attributes["kubernetes_state"] == "Failed")
    assert len(list(asked(api, "pods", watch=False))) == 1


async def test_what_no_report_says_wakes_nobody(api: ApiServer) -> None:
    told: list[None] = []
    follower = Follower(of_node(connect(), "ant")[0], Troubles(), lambda: told.append(None))
    follower.start()
    await watched(api, 1)
    api.change("pods", "edge", conditions=[{"type": "Ready", "status": "False"}])
    api.bookmark("pods")
    api.put("pods", NEW)
    api.change("pods", "edge", conditions=[])
    version = str(api.version)
    api.cut()  # a watch goes on from the last event that was taken
    await until(lambda: version in {query["resourceVersion"] for query in asked(api, "pods", watch=True)})
    follower.stop()
    assert len(told) == 2  # of the list, and of the new pod


async def test_a_cluster_that_takes_long_to_report_tells_after_a_rest(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "_REST", 1e9)
    async with followed(Role.CLUSTER) as found:
        await watched(api)
        await asyncio.sleep(0)  # what the lists led to is taken from the threads, and told
        await until(lambda: found.kubernetes._telling is None)
        found.report()
        found.changed.clear()
        api.put("pods", NEW)
        await until(lambda: found.kubernetes._telling is not None)
        await until(lambda: "new" in found.names())
        assert not found.changed.is_set()


async def test_a_watch_that_broke_goes_on_where_it_was(api: ApiServer) -> None:
    with capture_logs() as logs:
        async with followed(Role.CLUSTER) as found:
            await watched(api)
            api.put("pods", NEW)
            version = str(api.version)
            await until(lambda: "new" in found.names())
            api.cut()
            await until(lambda: len(list(asked(api, "pods", watch=True))) == 2)
            api.delete("pods", "new")
            await until(lambda: "new" not in found.names())
    assert list(asked(api, "pods", watch=True))[1]["resourceVersion"] == version
    assert len(list(asked(api, "pods", watch=False))) == 1
    assert logs == []


async def test_a_watch_goes_on_from_a_bookmark(api: ApiServer) -> None:
    async with followed(Role.CLUSTER):
        await watched(api)
        assert {query["allowWatchBookmarks"] for query in asked(api, "pods", watch=True)} == {"true"}
        api.bookmark("pods")
        version = str(api.version)
        api.cut()
        await until(lambda: len(list(asked(api, "pods", watch=True))) == 2)
    assert list(asked(api, "pods", watch=True))[1]["resourceVersion"] == version


@pytest.mark.parametrize("in_stream", [True, False])
async def test_a_version_that_is_too_old_means_to_list_again(api: ApiServer, in_stream: bool) -> None:
    api.gone_in_stream = in_stream
    async with followed(Role.CLUSTER) as found:
        await watched(api)
        with api.changed:
            api.delete("pods", "db-0")
            api.put("pods", NEW)
            api.compact()
            api.cut()
        await until(lambda: found.names() == EVERY - {"db-0"} | {"new"})
        await watched(api)
        api.delete("pods", "new")
        await until(lambda: found.names() == EVERY - {"db-0"})


async def test_pages_that_took_too_long_are_listed_again(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_probe.kubernetes.api.PAGE", 3)
    listed, first = api.listed, True

    def compacted_after_the_first(resource: str, query: dict[str, str]) -> object:
        nonlocal first
        answer = listed(resource, query)
        if resource == "pods" and first:
            first = False
            api.compact()
        return answer

    monkeypatch.setattr(api, "listed", compacted_after_the_first)
    with capture_logs() as logs:
        async with followed(Role.CLUSTER) as found:
            await until(lambda: found.names() == EVERY)
    assert logs == []


async def test_without_an_api_server_what_was_known_stays_for_a_while(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        async with followed(Role.CLUSTER) as found:
            await watched(api)
            api.stop()
            await until(lambda: bool(logs))
            assert found.names() == EVERY
            monkeypatch.setattr(following, "KEPT_SECONDS", 0)
            await until(lambda: set(found.report().nodes) == {f"{HOST};<host>"})
            api.delete("pods", "db-0")
            api.start()
            await until(lambda: found.names() == EVERY - {"db-0"})
            await until(lambda: len(logs) == 2)
    assert [entry["log_level"] for entry in logs] == ["warning", "info"]
    assert "not reached" in logs[0]["why"]
    assert "refused" in logs[0]["why"]
    assert not caplog.records  # the client does not try again by itself, and says nothing


async def test_what_does_not_come_in_time_is_said(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "FIRST_SECONDS", 0)
    with capture_logs() as logs, api.changed:  # which holds every answer up
        async with followed(Role.HOST):
            pass
    assert [entry["kinds"] for entry in logs] == [["pods"]]


async def test_an_api_server_may_come_later(api: ApiServer) -> None:
    api.stop()
    async with followed(Role.HOST) as found:
        assert found.names() == set()
        api.start()
        await until(lambda: "edge" in found.names())


async def test_a_role_without_a_rule_costs_what_it_would_show(api: ApiServer) -> None:
    api.refusals["cronjobs"] = 403
    with capture_logs() as logs:
        async with followed(Role.CLUSTER) as found:
            await until(lambda: found.names() == EVERY)
            await until(lambda: len(list(asked(api, "cronjobs", watch=False))) > 1)
            assert found.names("cron_job") == set()
            assert found.names("job") == {"night-29"}
    assert [entry["why"] for entry in logs] == ["the probe's role does not let it list and watch cronjobs"]


async def test_a_credential_that_is_not_accepted_is_said_once(api: ApiServer) -> None:
    api.refusals.update(dict.fromkeys(PATHS, 401))
    with capture_logs() as logs:
        async with followed(Role.CLUSTER):
            await until(lambda: len(list(asked(api, "pods", watch=False))) > 1)
    assert [entry["why"] for entry in logs] == ["the API server does not accept the credential"]


async def test_what_no_report_can_hold_is_left_out(api: ApiServer) -> None:
    broken = copy.deepcopy(NEW)
    broken["metadata"]["uid"] = "one;two"
    api.put("pods", broken, {"metadata": {"name": "bare", "uid": "bare"}})
    async with followed(Role.CLUSTER) as found:
        await watched(api)
        assert found.names() == EVERY
        broken["metadata"]["uid"] = "three;four"
        api.put("pods", broken, NEW)
        await until(lambda: found.names() == EVERY | {"new"})


def test_without_a_configuration_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="service account, elsewhere a file that kubectl works with"):
        Kubernetes(Role.HOST, HOST, "ant")


@pytest.mark.parametrize("content", ["", "a: [", "- 1", '{"current-context": "none"}'])
def test_a_configuration_that_is_none_is_said(content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "wrong"))
    with pytest.raises(ConfigurationError, match="Kubernetes cannot be asked: "):
        Kubernetes(Role.HOST, HOST, "ant")


def test_a_service_account_is_used_in_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ConfigurationError, match="Service token file does not exist"):
        Kubernetes(Role.HOST, HOST, "ant")
