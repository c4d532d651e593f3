import copy
from typing import Any

import pytest

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer
from probe.tests.kubernetes.calling import calls
from probe.tests.kubernetes.shop import Raw
from scope_probe.kubernetes import Role
from scope_probe.kubernetes.describing import KINDS, describe

SECRET = "s3cr3t"

#: Wherever somebody may have put a secret.
CONTAINER: Raw = {
    "name": "main",
    "image": "registry.example.com/main:1",
    "command": ["main", f"--password={SECRET}"],
    "args": [SECRET],
    "env": [
        {"name": "PASSWORD", "value": SECRET},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "t"}}},
    ],
    "ports": [{"containerPort": 8080, "protocol": "TCP"}],
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "100m"}},
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    "livenessProbe": {
        "httpGet": {"path": f"/?key={SECRET}", "httpHeaders": [{"name": "Authorization", "value": SECRET}]}
    },
    "lifecycle": {"preStop": {"exec": {"command": ["stop", SECRET]}}},
}
ANNOTATIONS = {"kubectl.kubernetes.io/last-applied-configuration": SECRET, "note": SECRET}
VOLUMES = [{"name": "data", "csi": {"driver": "x", "volumeAttributes": {"password": SECRET}}}]
SPEC: Raw = {"containers": [CONTAINER], "volumes": VOLUMES}


def event(kind: str, name: str, when: str, message: str, namespace: str = "shop", **more: Any) -> Raw:
    involved = {"kind": kind, "name": name, "namespace": namespace}
    return {
        "metadata": {"name": f"{name}.1", "namespace": namespace},
        "involvedObject": involved,
        "type": "Warning",
        "reason": "Unhealthy",
        "message": message,
        "count": 3,
        "lastTimestamp": when,
        **more,
    }


@pytest.fixture
def secretive(api: ApiServer) -> ApiServer:
    """The shop, where secrets are wherever they can be."""
    for resource, objects in shop.CLUSTER.items():
        for raw in copy.deepcopy(objects):
            raw["metadata"]["annotations"] = {**raw["metadata"].get("annotations", {}), **ANNOTATIONS}
            spec = raw["spec"]
            if resource == "pods":
                spec.update(SPEC)
            elif resource == "cronjobs":
                spec["jobTemplate"] = {"spec": {"template": {"spec": SPEC}}}
            elif resource not in ("services", "namespaces", "nodes"):
                spec["template"] = {"metadata": {"annotations": ANNOTATIONS}, "spec": SPEC}
            api.put(resource, raw)
    return api


@pytest.mark.integration
async def test_whatever_is_reported_can_be_described_and_no_secret_is_in_it(secretive: ApiServer) -> None:
    async with calls() as cluster:
        described = [
            id_ for id_, node in cluster.followed.report().nodes.items() if "kubernetes_describe" in node.controls
        ]
        texts = {id_: await cluster.printed("kubernetes_describe", id_) for id_ in described}
    assert {id_.partition(";")[2] for id_ in texts} == {f"<{kind.lower()}>" for kind in (*KINDS.values(), "host")} - {
        "<node>"
    }
    for text in texts.values():
        assert text.startswith("Name:")
        assert SECRET not in text
    for id_ in ("uid-edge;<pod>", "uid-web;<deployment>", "uid-night;<cronjob>", "uid-db;<statefulset>"):
        assert "    Environment:         PASSWORD\n                         TOKEN\n" in texts[id_]
        assert "    Limits:              memory=64Mi\n" in texts[id_]


@pytest.mark.integration
async def test_what_happened_to_it_is_told(api: ApiServer) -> None:
    api.one.events = [
        event("Pod", "edge", "2026-03-01T10:00:02Z", "second"),
        event("Pod", "edge", "2026-03-01T10:00:01Z", "first"),
        event("Pod", "other", "2026-03-01T10:00:03Z", "of another"),
        event("Deployment", "edge", "2026-03-01T10:00:03Z", "of another kind"),
        event("Node", "ant", "2026-03-01T10:00:03Z", "of a node", namespace="default"),
    ]
    async with calls() as cluster:
        pod = await cluster.printed("kubernetes_describe", "uid-edge;<pod>")
        node = await cluster.printed("kubernetes_describe", "ant;<host>")
    *_, first, second = pod.splitlines()
    assert first.split() == ["2026-03-01T10:00:01Z", "3", "Warning", "Unhealthy", "first"]
    assert second.split()[-1] == "second"
    assert "of another" not in pod
    assert node.splitlines()[-1].endswith("of a node")


@pytest.mark.integration
@pytest.mark.parametrize("role", list(Role))
async def test_where_events_may_not_be_read_the_rest_is_told(api: ApiServer, role: Role) -> None:
    api.one.forbidden.add("list events")
    async with calls(role) as found:
        text = await found.printed("kubernetes_describe", "uid-edge;<pod>")
    assert "Status:              Running\n" in text
    assert "Events: not known, the probe's role in the cluster does not let it list events" in text


@pytest.mark.unit
def test_a_pod_in_words() -> None:
    raw = shop.pod(
        "web-1", "ant", "10.1.0.5", labels={"app": "web", "tier": "front"}, **shop.owned("ReplicaSet", "web")
    )
    raw["spec"]["containers"] = [CONTAINER]
    events = [event("Pod", "web-1", "2026-03-01T10:00:01Z", "Readiness probe failed")]
    assert (
        describe("Pod", raw, events).splitlines()
        == EXPECTED.lstrip().replace("{A}", "a" * 64).replace("{B}", "b" * 64).splitlines()
    )


EXPECTED = """
Name:                web-1
Namespace:           shop
Labels:              app=web
                     tier=front
Created:             2026-03-01T09:30:00Z
Controlled by:       ReplicaSet/web
Status:              Running
Node:                ant
Started:             2026-03-01T09:30:00Z
Addresses:           ip=10.1.0.5
Service account:     default
Restart policy:      Always
Containers:
  main:
    Image:               registry.example.com/main:1
    Ports:               containerPort=8080, protocol=TCP
    Requests:            cpu=100m
    Limits:              memory=64Mi
    Environment:         PASSWORD
                         TOKEN
    Mounts:              /data
    Id:                  containerd://{B}
    Image id:            sha256:{A}
    State:               running: startedAt=2026-03-01T09:30:00Z
    Ready:               true
    Restarts:            2
Conditions:
  Condition  Status  Since                 Reason  Message
  Ready      True    2026-03-01T09:30:00Z
Events:
  Last seen             Times  Type     Reason     Message
  2026-03-01T10:00:01Z  3      Warning  Unhealthy  Readiness probe failed
"""


@pytest.mark.unit
def test_the_newest_events_are_told_whoever_says_when() -> None:
    events = [event("Pod", "p", f"2026-03-01T10:{minute:02}:00Z", f"at {minute}") for minute in range(40)]
    events[0]["lastTimestamp"], events[0]["eventTime"] = None, "2026-03-01T11:00:00.000000Z"
    events[1] |= {"lastTimestamp": None, "series": {"count": 5, "lastObservedTime": "2026-03-01T11:01:00Z"}}
    told = [line.rpartition("  ")[2] for line in describe("Pod", shop.PODS[0], events).splitlines()][-30:]
    assert told == [*(f"at {minute}" for minute in range(12, 40)), "at 0", "at 1"]


@pytest.mark.unit
def test_what_others_write_does_not_reach_a_terminal() -> None:
    raw = shop.pod("p", "ant", "10.1.0.5", labels={"evil": "\x1b[2J\x9b"})
    text = describe("Pod", raw, [event("Pod", "p", "now", "a\nb\x07")])
    assert all(line.isprintable() for line in text.split("\n"))
    assert "a b" in text


@pytest.mark.unit
@pytest.mark.parametrize("kind", KINDS.values())
def test_an_object_that_says_next_to_nothing_is_described(kind: str) -> None:
    text = describe(kind, {"metadata": {"name": "bare", "uid": "u"}, "spec": None, "status": None}, [])
    assert text == "Name:                bare\n"
