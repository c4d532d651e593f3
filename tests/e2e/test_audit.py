"""What is recorded, as those who may read it see it over REST."""

import json

from tests.e2e.client import Mesh, wait_for


def test_an_export_is_json_lines_and_the_last_says_that_it_is_whole(mesh: Mesh) -> None:
    made = mesh.api().post("/api/users/tokens", {"name": "an audited token"}).json()
    answer = mesh.api().get("/api/users/org/audit/export?action=organization:token:")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    *events, end = [json.loads(line) for line in answer.body.splitlines()]
    assert end["action"] == "audit:export:end"
    assert end["after"] == {"events": len(events)}
    (event,) = [event for event in events if event.get("subject") == made["id"]]
    assert event["action"] == "organization:token:create"
    assert event["organization"] == mesh.local()["org"]
    assert event["actorEmail"] == mesh.local()["email"]
    assert event["address"] == "127.0.0.1"
    assert made["token"].encode() not in answer.body
    listed = mesh.api().get(f"/api/users/org/audit?subject={made['id']}").json()["events"]
    assert [one["id"] for one in listed] == [event["id"]]


def test_a_filter_that_is_none_is_named(mesh: Mesh) -> None:
    for path in ("/api/users/org/audit", "/api/users/org/audit/export"):
        answer = mesh.api().get(f"{path}?after=yesterday")
        assert answer.status == 400
        assert "after: is 'yesterday'" in answer.json()["message"]


def test_who_is_not_an_administrator_of_it_reads_nothing_and_the_try_to_change_is_seen(mesh: Mesh) -> None:
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    assert probe.get("/api/users/org/audit").status == 403
    assert probe.get("/api/users/org/audit/export").status == 403
    assert probe.call("PUT", "/api/users/org", {"name": "ours"}).status == 403
    path = "/api/users/org/audit?action=rpc:OrganizationService:UpdateOrganization"
    (event,) = wait_for(lambda: mesh.api().get(path).json()["events"], "the refusal")
    assert event["refused"]
    assert event["credential"].startswith("probe:")
    assert event["address"] == "127.0.0.1"
