from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from probe.tests.kubernetes.api_server import PATHS, ApiServer
from probe.tests.kubernetes.following import followed
from probe.tests.waiting import until
from scope_probe.kubernetes import Role

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[3] / "docs" / "kubernetes.md"


@pytest.mark.parametrize("role", list(Role))
async def test_the_documented_rules_are_enough_and_none_is_too_much(api: ApiServer, role: Role) -> None:
    rules = documented_rules(f"scope-probe-{role}")
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "watch"}
    allowed = {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}
    api.refusals.update({name: 403 for name in PATHS if (api_group(name), name) not in allowed})
    with capture_logs() as logs:
        async with followed(role) as found:
            await until(lambda: len(api.watches) == len(allowed))
            assert found.names()
    assert logs == []
    assert {(api_group(name), name) for name, _ in api.requests} == allowed


def documented_rules(role: str) -> list[dict[str, Any]]:
    text = next(text for text in PAGE.read_text().split("```") if text.startswith("yaml\napiVersion: rbac"))
    objects = yaml.safe_load_all(text.removeprefix("yaml"))
    return next(one["rules"] for one in objects if one["metadata"]["name"] == role)


def api_group(resource: str) -> str:
    """`apps` of `/apis/apps/v1/deployments`, empty for `/api/v1/pods`."""
    return "".join(PATHS[resource].split("/")[2:-2])
