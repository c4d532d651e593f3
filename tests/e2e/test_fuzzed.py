"""Requests made up from the OpenAPI document, valid and not: none breaks anything, and every answer is documented.

FUZZ_EXAMPLES=2000 makes more of them than usual, of each operation, valid and not.
"""

import copy
import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import psutil
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from tests.contract.openapi import DOCUMENT
from tests.e2e.client import Mesh, wait_for
from tests.e2e.documents import two_processes

Operation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
Case: TypeAlias = "schemathesis.Case[Any]"

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
#: How much more memory a process may hold after a second round of requests than after the first, in bytes.
GROWTH = 16 * 1024 * 1024
CHECKED = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
#: Values of path parameters that lead to something.
THERE = {"topology": "hosts", "node_id": "fuzzed;<host>"}


@pytest.mark.timeout(3600)
def test_made_up_requests_break_nothing_and_memory_is_flat(own_mesh: Mesh) -> None:
    probe = own_mesh.anybody().bearer(own_mesh.local()["service_token"])
    assert probe.post("/api/report", two_processes("fuzzed")).status == 200
    wait_for(lambda: THERE["node_id"] in own_mesh.api().nodes("hosts"), "the host")
    load_all_checks()
    held = []
    for number in (1, 2):
        for operation in _operations():
            for strategy in _strategies(operation, own_mesh.local()["org"]):
                _try(own_mesh, strategy, number)
        held.append(_memory(own_mesh))
    assert [process["name"] for process in own_mesh.run()["processes"] if process["deaths"]] == []
    grown = {name: held[1][name] - before for name, before in held[0].items()}
    assert {name: growth for name, growth in grown.items() if growth > GROWTH} == {}


def _operations() -> Iterator[Operation]:
    """Those of the document, as if none needed a credential: the caller is always one whom it admits."""
    document = copy.deepcopy(DOCUMENT)
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        operation["security"] = []
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict({"max-stream-events": 1}))
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def _strategies(operation: Operation, organization: str) -> Iterator[SearchStrategy[Case]]:
    """Valid requests of whatever and of what is there, in the caller's organization, and invalid ones."""
    described = operation.definition.raw
    fixed = {}
    if any(one.get("$ref", "").endswith("/organization") for one in described["parameters"]):
        fixed = {"query": {"org": organization}, "headers": {"x-scope-org": organization}}
    yield operation.as_strategy(GenerationMode.POSITIVE, **fixed)
    if there := {name: value for name, value in THERE.items() if f"{{{name}}}" in operation.path}:
        yield operation.as_strategy(GenerationMode.POSITIVE, path_parameters=there, **fixed)
    if described["parameters"] or "requestBody" in described:
        yield operation.as_strategy(GenerationMode.NEGATIVE)


def _try(mesh: Mesh, strategy: SearchStrategy[Case], number: int) -> None:
    local = mesh.local()
    checks, every = CHECKS.get_by_names(CHECKED), CHECKS.get_by_names((*CHECKED, "not_a_server_error"))

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Case) -> None:
        token = local["service_token" if case.operation.path == "/api/report" else "api_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = case.call(base_url=mesh.url, session=session, headers=headers, timeout=60)
        away = "PROBE_NOT_CONNECTED" in answer.text  # as it must be: no probe takes controls here
        case.validate_response(answer, checks=checks if away else every)

    with requests.Session() as session:
        run()


def _memory(mesh: Mesh) -> Mapping[str, int]:
    """The resident memory of what a request passes, in bytes."""
    names = ("users", "collection", "query", "control", "pipe", "sockets", "ui-server", "envoy")
    found = {name: psutil.Process(mesh.processes(name)[0]["pid"]) for name in names}
    return {
        name: sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
        for name, process in found.items()
    }
