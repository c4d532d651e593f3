"""A cluster of two nodes with a shop, as the API server describes it."""

from typing import Any

from probe.tests.kubernetes.api_server import ApiServer

Raw = dict[str, Any]
CREATED = "2026-03-01T09:30:00Z"
NODES = {"ant": "192.168.7.11", "bee": "192.168.7.12"}


def metadata(name: str, namespace: str = "shop", **more: Any) -> Raw:
    scope = {"namespace": namespace} if namespace else {}
    return {"name": name, **scope, "uid": f"uid-{name}", "creationTimestamp": CREATED, "generation": 1, **more}


def owned(kind: str, name: str, version: str = "apps/v1") -> Raw:
    owner = {"apiVersion": version, "kind": kind, "name": name, "uid": f"uid-{name}"}
    return {"ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}]}


def pod(name: str, node: str, address: str, *, labels: Raw | None = None, spec: Raw | None = None, **meta: Any) -> Raw:
    host = NODES[node]
    container = {"name": "main", "image": "registry.example.com/main:1", "imagePullPolicy": "IfNotPresent"}
    return {
        "metadata": metadata(name, labels=labels or {"app": name}, **meta),
        "spec": {
            "nodeName": node,
            "restartPolicy": "Always",
            "serviceAccountName": "default",
            "containers": [container],
            **(spec or {}),
        },
        "status": {
            "phase": "Running",
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": CREATED,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": CREATED}],
            "containerStatuses": [
                {
                    "name": "main",
                    "ready": True,
                    "restartCount": 2,
                    "image": container["image"],
                    "imageID": "sha256:" + 64 * "a",
                    "containerID": f"containerd://{64 * 'b'}",
                    "state": {"running": {"startedAt": CREATED}},
                }
            ],
        },
    }


def service(name: str, spec: Raw, **status: Any) -> Raw:
    return {"metadata": metadata(name), "spec": {"sessionAffinity": "None", **spec}, "status": {"loadBalancer": status}}


WEB = {"app": "web", "tier": "front"}

PODS = [
    pod("web-7d4b9-aaaaa", "ant", "10.1.0.5", labels=WEB, **owned("ReplicaSet", "web-7d4b9")),
    pod("web-7d4b9-bbbbb", "bee", "10.1.1.5", labels=WEB, **owned("ReplicaSet", "web-7d4b9")),
    pod("db-0", "bee", "10.1.1.6", labels={"app": "db"}, **owned("StatefulSet", "db")),
    pod("logs-xxxxx", "ant", NODES["ant"], spec={"hostNetwork": True}, **owned("DaemonSet", "logs")),
    pod("night-29-zzzzz", "bee", "10.1.1.7", **owned("Job", "night-29", "batch/v1")),
    pod(
        "edge",
        "ant",
        "10.1.0.6",
        labels={"app": "web"},  # one of the labels by which services select `web`, not all
        spec={
            "containers": [
                {
                    "name": "main",
                    "image": "edge",
                    "ports": [
                        {"containerPort": 8443, "hostPort": 443, "protocol": "TCP"},
                        {"containerPort": 53, "hostPort": 53, "protocol": "UDP"},
                        {"containerPort": 9000, "hostPort": 9000, "hostIP": "127.0.0.1", "protocol": "TCP"},
                        {"containerPort": 7000, "protocol": "TCP"},
                    ],
                }
            ]
        },
    ),
    pod(
        "kube-apiserver-ant",
        "ant",
        NODES["ant"],
        spec={"hostNetwork": True},
        annotations={
            "kubernetes.io/config.hash": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "kubernetes.io/config.mirror": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "kubernetes.io/config.source": "file",
        },
        ownerReferences=[{"apiVersion": "v1", "kind": "Node", "name": "ant", "uid": "uid-ant", "controller": True}],
    ),
]

CLUSTER: dict[str, list[Raw]] = {
    "nodes": [
        {
            "metadata": metadata(name, "", labels={"kubernetes.io/hostname": name}),
            "spec": {"podCIDR": f"10.1.{index}.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}]},
        }
        for index, (name, ip) in enumerate(NODES.items())
    ],
    "namespaces": [{"metadata": metadata("shop", ""), "spec": {}, "status": {"phase": "Active"}}],
    "pods": PODS,
    "services": [
        service(
            "web",
            {
                "type": "LoadBalancer",
                "clusterIP": "10.96.0.10",
                "clusterIPs": ["10.96.0.10", "fd00::10"],
                "externalIPs": ["203.0.113.9"],
                "selector": WEB,
                "ports": [
                    {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"},
                    {"name": "dns", "port": 53, "targetPort": 53, "nodePort": 30053, "protocol": "UDP"},
                ],
            },
            ingress=[{"ip": "198.51.100.4", "ipMode": "VIP"}, {"hostname": "lb.example.com"}],
        ),
        service(
            "db",
            {
                "type": "ClusterIP",
                "clusterIP": "None",
                "clusterIPs": ["None"],
                "selector": {"app": "db"},
                "ports": [{"port": 5432, "protocol": "TCP"}],
            },
        ),
        service(
            "front",
            {
                "type": "ClusterIP",
                "clusterIP": "10.96.0.11",
                "clusterIPs": ["10.96.0.11"],
                "selector": {"tier": "front"},
            },
        ),
        service("mail", {"type": "ExternalName", "externalName": "mail.example.com"}),
    ],
    "deployments": [
        {
            "metadata": metadata("web", labels={"app": "web"}),
            "spec": {"replicas": 2, "strategy": {"type": "RollingUpdate"}, "selector": {"matchLabels": WEB}},
            "status": {"observedGeneration": 7, "replicas": 2, "readyReplicas": 2},
        }
    ],
    "replicasets": [{"metadata": metadata("web-7d4b9", **owned("Deployment", "web")), "spec": {"replicas": 2}}],
    "daemonsets": [
        {"metadata": metadata("logs"), "spec": {}, "status": {"desiredNumberScheduled": 2, "numberReady": 1}}
    ],
    "statefulsets": [
        {"metadata": metadata("db"), "spec": {"replicas": 1, "serviceName": "db"}, "status": {"observedGeneration": 3}}
    ],
    "jobs": [
        {"metadata": metadata("night-29", **owned("CronJob", "night", "batch/v1")), "spec": {}, "status": {"active": 1}}
    ],
    "cronjobs": [
        {
            "metadata": metadata("night"),
            "spec": {"schedule": "0 3 * * *", "suspend": False},
            "status": {"lastScheduleTime": "2026-03-02T03:00:00Z", "active": [{"kind": "Job", "name": "night-29"}]},
        }
    ],
}


def fill(api: ApiServer) -> None:
    for resource, objects in CLUSTER.items():
        api.put(resource, *objects)
