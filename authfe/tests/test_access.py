"""Who is asked, what they see, and what becomes of their answer."""

import grpc
import pytest
from google.rpc.status_pb2 import Status

from authfe.tests.pages import ASSET
from authfe.tests.running import Edge
from authfe.tests.test_routing import grpc_call

pytestmark = pytest.mark.integration

HOSTS = "/api/topology/hosts"
INFO = "/scope.query.v1.QueryService/GetInfo"
SPOOFED = {
    "x-scope-identity": "spoofed",
    "x-scope-tenant": "spoofed",
    "x-envoy-original-path": "spoofed",
    "x-envoy-upstream-rq-timeout-ms": "1",
}


@pytest.mark.parametrize("credential", ["Bearer nobody", "Bearer somebody"])
def test_headers_that_are_ours_never_come_from_outside(edge: Edge, credential: str) -> None:
    assert edge.call("GET", "/api", headers={**SPOOFED, "Authorization": credential}).status == 200
    metadata = {key.replace("-", "_"): value for key, value in SPOOFED.items()}
    grpc_call(edge, INFO, **metadata, authorization=credential)
    calls = edge.replica("query").service.calls
    assert len(calls) == 2
    assert not [value for call in calls for value in call.metadata.values() if value == "spoofed"]
    assert ("x-scope-identity" in calls[0].metadata) == (credential == "Bearer somebody")


def test_the_authority_sees_what_it_needs_and_services_see_no_credential(edge: Edge) -> None:
    secrets = {"authorization": "Bearer abc", "cookie": "scope=def"}
    others = {"origin": "http://here", "x-scope-org": "acme", "x-scope-probe-id": "p", "x-other": "not for it"}
    edge.call("GET", HOSTS, headers={**secrets, **others, **SPOOFED})
    (asked,) = edge.replica("users").authority.requests
    (call,) = edge.replica("query").service.calls
    seen = dict(asked.attributes.request.http.headers)
    assert seen.items() >= {**secrets, "origin": "http://here", "x-scope-org": "acme"}.items()
    assert not {"x-other", *SPOOFED} & set(seen)
    assert not set(secrets) & set(call.metadata)


@pytest.mark.parametrize(("status", "code"), [(400, 3), (401, 16), (403, 7), (429, 8), (503, 14)])
def test_a_denial_is_json_with_the_authoritys_words_and_reason(edge: Edge, status: int, code: int) -> None:
    answer = edge.call("GET", HOSTS, headers={"Authorization": f"Bearer {status}"})
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SOME_REASON",
        "domain": "scope",
        "metadata": {"permission": "some.permission"},
    }
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
    assert answer.json == {
        "code": code,
        "message": f'refused with "{status}"',
        "details": [info, wait] if status == 429 else [info],
    }
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert not edge.replica("query").service.calls


@pytest.mark.parametrize(("status", "code"), [(400, 3), (401, 16), (403, 7), (429, 8), (503, 14)])
def test_a_grpc_caller_is_denied_in_its_own_way(edge: Edge, status: int, code: int) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        grpc_call(edge, INFO, authorization=f"Bearer {status}")
    assert refused.value.code().value[0] == code
    assert refused.value.details() == f'refused with "{status}"'
    trailers: dict[str, bytes] = dict(refused.value.trailing_metadata())
    details = trailers["grpc-status-details-bin"]
    assert Status.FromString(details).message == "with details"


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [("/", "text/html", "no-cache"), (ASSET, "text/javascript", "public, max-age=31536000, immutable")],
)
def test_the_page_needs_no_credential_and_no_authority(edge: Edge, path: str, kind: str, caching: str) -> None:
    answer = edge.call("GET", path, headers={"Authorization": "Bearer 401"})
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == caching
    assert not edge.replica("users").authority.requests


@pytest.mark.parametrize("path", ["/../proto/generate.py", f"/%2e%2e{ASSET}%00", "/..%2f..%2fconftest.py", "/nothing"])
def test_only_the_pages_files_are_served(edge: Edge, path: str) -> None:
    assert edge.call("GET", path).status in (400, 404)
