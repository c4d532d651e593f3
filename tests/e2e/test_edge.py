"""What the edge answers to what it should not pass on."""

import pytest

from tests.e2e.client import Api, Mesh
from tests.e2e.documents import two_processes


def problem(api: Api, method: str, path: str, body: object = None) -> tuple[int, int, str]:
    answer = api.call(method, path, body)
    assert answer.headers["content-type"].startswith("application/json"), answer
    content = answer.json()
    assert content.keys() == {"code", "message", "details"}, content
    return answer.status, content["code"], content["message"]


def test_unknown_paths_and_methods_and_parameters_are_told_apart(mesh: Mesh) -> None:
    api = mesh.api()
    assert problem(api, "GET", "/api/nothing")[:2] == (404, 5)
    assert problem(api, "GET", "/api/users")[:2] == (404, 5)
    assert problem(api, "DELETE", "/api/topology/hosts")[0] == 405
    status, code, message = problem(api, "GET", "/api/topology/hosts?nonsense=1")
    assert (status, code) == (400, 3)
    assert "nonsense" in message
    assert problem(api, "GET", "/api/topology/nonsense")[:2] == (404, 5)
    status, code, message = problem(api, "GET", "/api/topology/hosts/no%2Fsuch%3Bnode")
    assert (status, code) == (404, 5)
    assert "no/such;node" in message


def test_errors_carry_their_reason_and_field(mesh: Mesh) -> None:
    answer = mesh.api().post("/api/users/tokens", {"name": ""})
    assert answer.status == 400
    details = {detail["@type"].rpartition(".")[2]: detail for detail in answer.json()["details"]}
    assert details["ErrorInfo"]["reason"] == "INVALID_FIELD"
    assert details["BadRequest"]["fieldViolations"][0]["field"] == "name"


@pytest.mark.parametrize("path", ["/api/topology", "/api/topology/hosts", "/api/probes", "/api/users/lookup"])
def test_without_a_credential_there_is_nothing(mesh: Mesh, path: str) -> None:
    status, code, message = problem(mesh.anybody(), "GET", path)
    assert (status, code) == (401, 16)
    for token in ("", "nonsense", "scope_api_" + "x" * 40):
        assert problem(mesh.anybody().bearer(token), "GET", path) == (status, code, message)


def test_a_spoofed_identity_changes_nothing(mesh: Mesh) -> None:
    spoofed = mesh.anybody().with_headers(x_scope_identity="eyJhbGciOiJub25lIn0.e30.", x_scope_tenant="x")
    assert problem(spoofed, "GET", "/api/topology/hosts")[0] == 401
    honest = mesh.api()
    lookup = honest.get("/api/users/lookup").json()
    assert honest.with_headers(x_scope_identity="a.b.c", x_scope_tenant="x").get("/api/users/lookup").json() == lookup


def test_each_kind_of_token_opens_only_its_own_doors(mesh: Mesh) -> None:
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    assert problem(probe, "GET", "/api/topology/hosts")[:2] == (403, 7)
    [info] = probe.get("/api/topology/hosts").json()["details"]
    assert (info["reason"], info["metadata"]) == ("PERMISSION_DENIED", {"permission": "report.view"})
    assert problem(probe, "POST", "/api/users/tokens", {"name": "x"})[:2] == (403, 7)
    assert problem(mesh.api(), "POST", "/api/report", two_processes("nobody"))[:2] == (403, 7)


def test_the_internal_services_are_not_there(mesh: Mesh) -> None:
    for path in (
        "/scope.users.v1.IdentityService/Renew",
        "/scope.users.v1.IdentityService/ListKeys",
        "/envoy.service.auth.v3.Authorization/Check",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ):
        assert mesh.api().post(path, {}).status in (404, 405), path


@pytest.mark.parametrize("header", ["k`", "a|b", "~", "x-value"])
def test_headers_that_grpc_could_not_carry_do_no_harm(mesh: Mesh, header: str) -> None:
    assert Api(mesh.url, {**mesh.api().headers, header: "caf\xe9"}).get("/api/topology").status == 200
