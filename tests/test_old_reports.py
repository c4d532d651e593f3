"""Reports of 2016 become documents of ours."""

from typing import Any

from google.protobuf import json_format

from tests.old_reports import convert

WHEN = "2016-01-22T11:35:54.004344313Z"


def node(id_: str, latest: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    said = {key: {"timestamp": WHEN, "value": value} for key, value in (latest or {}).items()}
    return {"id": id_, "latest": said, "sets": {}, "adjacency": None, "controls": {}, "parents": {}, **more}


def topology(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nodes": {each["id"]: each for each in nodes}, **more}


HOST = node(
    "h;<host>",
    {"host_name": "h", "uptime": "1h2m3s", "host_node_id": "h;<host>"},
    sets={"local_networks": ["10.0.2.15/24", "127.0.0.1/8", "172.17.0.1/16", "fe80::1/64"]},
    parents={"host": ["h;<host>"]},
    metrics={"load1": {"samples": [{"date": WHEN, "value": 0.5}], "min": 0, "max": 2}},
)
IMAGE = node("i;<container_image>", {"docker_image_name": "shop/web:2.1", "docker_image_label_a": "b"})
CONTAINER = node(
    "c;<container>",
    {"docker_container_name": "web", "docker_container_created": "15 Jan 16 15:12 UTC"},
    sets={"docker_container_ips": ["172.17.0.2"], "docker_container_ips_with_scopes": ["h;172.17.0.2", "h;"]},
    parents={"container_image": ["i;<container_image>"], "host": ["h;<host>"]},
    controls={"timestamp": WHEN, "controls": ["docker_stop_container"]},
)
PROCESS = node(
    "h;7",
    {"pid": "7", "name": "nginx"},
    parents={"container_image": ["i;<container_image>"], "container": ["c;<container>"], "host": ["h;<host>"]},
)
STOP = {"docker_stop_container": {"id": "docker_stop_container", "human": "Stop", "icon": "fa fa-stop"}}
ENDPOINTS = (
    node("h;172.17.0.2;80", {"pid": "7", "host_node_id": "h;<host>"}),
    node(";10.0.2.2;5000", adjacency=["h;172.17.0.2;80"], sets={"name": ["client.example"]}),
    node(";10.0.2.15;22", {"pid": "9", "host_node_id": "h;<host>"}),
    node(";10.0.2.2;5001", adjacency=[";10.0.2.15;22"]),
)
REPORT = {
    "Host": topology(HOST),
    "ContainerImage": topology(IMAGE),
    "Container": topology(CONTAINER, controls=STOP),
    "Process": topology(PROCESS),
    "Endpoint": topology(*ENDPOINTS),
    "Pod": {"nodes": None},
    "Window": 0,
}


def test_everything_that_it_says_is_said() -> None:
    document = json_format.MessageToDict(convert(REPORT))
    host, image, container, process = document["nodes"]
    assert host["attributes"] == {
        "host_name": "h",
        "uptime": 3723,
        "local_networks": ["10.0.2.0/24", "127.0.0.0/8", "172.17.0.0/16", "fe80::/64"],
    }
    assert host["addresses"] == ["10.0.2.15", "h;172.17.0.1"]
    assert host["metrics"] == {"load1": [[1453462554000, 0.5]]}
    assert host["maxima"] == {"load1": 2}
    assert "parents" not in host
    assert image["attributes"] == {"docker_image_name": "shop/web", "docker_image_tag": "2.1"}
    assert image["tables"] == {"docker_image_label_": {"rows": [{"id": "a", "cells": ["a", "b"]}]}}
    assert container["label"] == "web"
    assert container["addresses"] == ["h;172.17.0.2"]
    assert container["attributes"]["docker_container_created"] == "2016-01-15T15:12:00+00:00"
    assert container["controls"] == ["docker_stop_container"]
    assert process["parents"] == ["c;<container>", "h;<host>"]
    assert process["attributes"] == {"pid": 7, "name": "nginx"}


def test_endpoints_become_ends_of_connections() -> None:
    """The process that is not in the report leaves the end to its host; a peer's end is nobody's."""
    document = json_format.MessageToDict(convert(REPORT))
    assert document["connections"] == [
        {"owner": "h;7", "local": "h;172.17.0.2:80", "remote": "10.0.2.2:5000", "incoming": True},
        {"owner": "h;<host>", "local": "10.0.2.15:22", "remote": "10.0.2.2:5001", "incoming": True},
    ]
    assert document["names"] == {"10.0.2.2": {"forward": ["client.example"]}}


def test_controls_are_declared_beside_what_is_usual() -> None:
    document = json_format.MessageToDict(convert(REPORT))
    declared = next(said for said in document["templates"] if said["topology"] == "TOPOLOGY_CONTAINER")
    controls = {control["id"]: control for control in declared["controls"]}
    assert controls["docker_stop_container"] == {"id": "docker_stop_container", "label": "Stop", "icon": "fa fa-stop"}
    assert controls["docker_logs_container"]["label"] == "Logs"
    assert "docker_image_name" in [row["id"] for row in declared["rows"]]
