from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import PATHS, ApiServer
from probe.tests.kubernetes.calling import Reader, calls
from probe.tests.kubernetes.following import followed
from probe.tests.waiting import until
from scope_probe.kubernetes import Role
from scope_sdk.controls import Stream

pytestmark = pytest.mark.integration

ACCOUNTS = Path(__file__).parents[3] / "deploy" / "k8s" / "probe" / "base" / "accounts.yaml"


@pytest.mark.parametrize("role", list(Role))
async def test_the_rules_are_enough_and_none_is_too_much(api: ApiServer, role: Role) -> None:
    rules = rules_of(f"scope-probe-{role}")
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "watch"}
    allowed = {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}
    api.refusals.update({name: 403 for name in PATHS if (api_group(name), name) not in allowed})
    with capture_logs() as logs:
        async with followed(role) as found:
            await until(lambda: len(api.watches) == len(allowed))
            assert found.names()
    assert logs == []
    assert {(api_group(name), name) for name, _ in api.requests} == allowed


@pytest.mark.parametrize("role", list(Role))
async def test_the_rules_are_enough_for_what_people_may_do_and_none_is_too_much(api: ApiServer, role: Role) -> None:
    for raw in shop.PODS:
        api.end_log(raw["metadata"]["name"], "main")
    async with calls(role) as found:
        nodes = found.followed.report().nodes.values()
        offered = sorted({(control, node.id) for node in nodes for control in node.controls}, key=is_deleting)
        for control, node in offered:
            result = await found.call(control, node)
            if isinstance(result, Stream):
                await result.session(Reader())
    rules = rules_of(f"scope-controls-{role}")
    assert set(api.one.asked) == {
        f"{verb} {resource}" for rule in rules for resource in rule["resources"] for verb in rule["verbs"]
    }


def is_deleting(offered: tuple[str, str]) -> bool:
    """What is deleted cannot be described any more."""
    return offered[0] == "kubernetes_delete_pod"


def rules_of(role: str) -> list[dict[str, Any]]:
    roles = (one for one in yaml.safe_load_all(ACCOUNTS.read_text()) if one["kind"] == "ClusterRole")
    return next(one["rules"] for one in roles if one["metadata"]["name"] == role)


def api_group(resource: str) -> str:
    """`apps` of `/apis/apps/v1/deployments`, empty for `/api/v1/pods`."""
    return "".join(PATHS[resource].split("/")[2:-2])
