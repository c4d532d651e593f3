"""Organizations, members and invitations as a browser has them, and what ends when an organization is deleted."""

import secrets
import time
from queue import SimpleQueue

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from scope.collection.v1.messages_pb2 import PublishRequest
from scope.collection.v1.service_pb2_grpc import CollectionServiceStub
from scope.report.v1.report_pb2 import Node, Report
from scope.report.v1.topology_pb2 import Topology
from tests.e2e.client import Answer, Api, Mesh, wait_for
from tests.e2e.people import signed_in

#: Three times as long as what is deleted may go on.
ENDED_WITHIN = 15.0


@pytest.fixture
def founded(mesh: Mesh) -> tuple[str, Api]:
    """A new organization, and the browser of who has made it, within it."""
    name = f"e2e-{secrets.token_hex(4)}"
    browser = signed_in(mesh)
    made = browser.post("/api/users/orgs", {"id": name.upper(), "name": "End to End"})
    assert made.status == 200, made
    return name, browser.with_headers(x_scope_org=name)


@pytest.fixture
def somebody(mesh: Mesh) -> tuple[str, Api]:
    """Somebody else, who belongs elsewhere."""
    name = f"e2e-{secrets.token_hex(4)}"
    email = f"{name}@example.org"
    made = mesh.command_line("scope-users", "create-organization", name, "--admin", email)
    assert made.returncode == 0, made
    return email, signed_in(mesh, email)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["details"][0]["reason"]


def test_made_renamed_and_deleted(founded: tuple[str, Api]) -> None:
    name, browser = founded
    made = browser.get("/api/users/org").json()["organization"]
    assert made.keys() == {"id", "name", "role", "permissions", "created"}
    assert (made["id"], made["name"], made["role"]) == (name, "End to End", "admin")
    assert made in browser.get("/api/users/orgs").json()["organizations"]
    assert browser.call("PUT", "/api/users/org", {"name": "Renamed"}).json()["organization"]["name"] == "Renamed"
    assert refusal(browser.post("/api/users/orgs", {"id": name})) == (409, "ALREADY_EXISTS")
    offered = browser.get("/api/users/generateOrgID").json()["id"]
    assert offered.count("-") == 2
    assert [role["id"] for role in browser.get("/api/users/roles").json()["roles"]] == ["viewer", "editor", "admin"]
    assert refusal(browser.call("DELETE", "/api/users/org?confirm=another")) == (400, "INVALID_FIELD")
    assert browser.call("DELETE", f"/api/users/org?confirm={name}").json() == {}
    wait_for(lambda: refusal(browser.get("/api/users/org")) == (403, "PERMISSION_DENIED"), "the end everywhere")


def test_invited_accepted_given_another_role_and_removed(founded: tuple[str, Api], somebody: tuple[str, Api]) -> None:
    (name, browser), (email, guest) = founded, somebody
    within = guest.with_headers(x_scope_org=name)
    declined = browser.post("/api/users/org/invitations", {"email": email}).json()["invitation"]
    assert guest.post(f"/api/users/invitations/{declined['id']}/decline", {}).json() == {}
    taken = browser.post("/api/users/org/invitations", {"email": email}).json()["invitation"]
    assert browser.call("DELETE", f"/api/users/org/invitations/{taken['id']}").json() == {}

    invited = browser.post("/api/users/org/invitations", {"email": email, "role": "editor"}).json()["invitation"]
    assert (invited["organizationId"], invited["organizationName"], invited["role"]) == (name, "End to End", "editor")
    assert browser.get("/api/users/org/invitations").json()["invitations"] == [invited]
    assert guest.get("/api/users/invitations").json()["invitations"] == [invited]
    assert within.get("/api/users/org").status == 403
    accepted = guest.post(f"/api/users/invitations/{invited['id']}/accept", {}).json()["organization"]
    assert within.get("/api/users/org").json()["organization"] == accepted

    members = browser.get("/api/users/org/members").json()["members"]
    joined = next(member for member in members if member["email"] == email)
    assert [member["email"] for member in members if member.get("self")] != [email]
    path = f"/api/users/org/members/{joined['id']}"
    assert browser.call("PUT", path, {"role": "viewer"}).json()["member"]["role"] == "viewer"
    assert refusal(within.call("DELETE", path)) == (403, "PERMISSION_DENIED")
    assert refusal(browser.post("/api/users/org/leave", {})) == (400, "LAST_ADMINISTRATOR")
    assert browser.call("DELETE", path).json() == {}
    wait_for(lambda: within.get("/api/users/org").status == 403, "the end everywhere")


def test_what_is_open_ends_with_the_organization(mesh: Mesh, founded: tuple[str, Api]) -> None:
    name, browser = founded
    token = browser.post("/api/users/tokens", {"name": "probes", "kind": "probe"}).json()["token"]
    requests: SimpleQueue[PublishRequest | None] = SimpleQueue()
    with grpc.insecure_channel(mesh.url.removeprefix("http://")) as channel, browser.watch("hosts") as events:
        metadata = (("authorization", f"Bearer {token}"), ("x-scope-probe-id", "deleted"))
        stream = CollectionServiceStub(channel).Publish(iter(requests.get, None), metadata=metadata)
        requests.put(PublishRequest(report=_report()))
        assert next(stream).HasField("acknowledged")
        assert next(events).kind == "reset"

        assert browser.call("DELETE", f"/api/users/org?confirm={name}").status == 200
        deleted = time.monotonic()
        last = list(events)[-1]
        with pytest.raises(grpc.RpcError) as ended:
            list(stream)
        assert time.monotonic() - deleted < ENDED_WITHIN
        requests.put(None)
    assert (last.kind, last.data["reason"], _reason(ended.value)) == ("end", "CREDENTIAL_REVOKED", "CREDENTIAL_REVOKED")
    wait_for(lambda: mesh.anybody().bearer(token).post("/api/report", {}).status == 401, "the end of the token")


def _report() -> bytes:
    host = Node(handle=1, topology=Topology.TOPOLOGY_HOST, id="box", label="box")
    return Report(epoch=1000, number=1, time_unix_ms=1_700_000_000_000, nodes=[host]).SerializeToString()


def _reason(error: grpc.RpcError) -> str:
    status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return str(info.reason)
