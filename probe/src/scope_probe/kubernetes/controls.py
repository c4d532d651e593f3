"""What can be done to what a cluster reports. Which of it can be done to an object now, `objects` says."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from kubernetes import client

from scope_probe.kubernetes.asking import ask
from scope_probe.kubernetes.describing import KINDS, describe
from scope_probe.kubernetes.logs import logs
from scope_probe.kubernetes.objects import Pod, Raw, Thing
from scope_sdk.controls import ControlError, Controls, Ended, Removed, Stream
from scope_sdk.pipes import Pipe

Find = Callable[[str, str], Thing | None]
"""What a node is by its id, where it is of a resource: `pods`."""

#: Of all that happened to an object, what is told of it.
_EVENTS = 500
_MERGE = "application/merge-patch+json"


class KubernetesControls:
    """Does it, by the API server.

    Args:
        server: the API server.
        find: looks nodes up.
        resources: the kinds of objects that are reported; others are not asked for.
    """

    def __init__(self, server: client.ApiClient, find: Find, resources: Collection[str]) -> None:
        self._core, self._apps, self._batch = (
            client.CoreV1Api(server),
            client.AppsV1Api(server),
            client.BatchV1Api(server),
        )
        self._find = find
        self._resources = resources
        self._reads: Mapping[str, Callable[..., Any]] = {
            "pods": self._core.read_namespaced_pod,
            "services": self._core.read_namespaced_service,
            "deployments": self._apps.read_namespaced_deployment,
            "daemonsets": self._apps.read_namespaced_daemon_set,
            "statefulsets": self._apps.read_namespaced_stateful_set,
            "jobs": self._batch.read_namespaced_job,
            "cronjobs": self._batch.read_namespaced_cron_job,
            "namespaces": self._core.read_namespace,
            "nodes": self._core.read_node,
        }
        self._scales: Mapping[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
            "deployments": (
                self._apps.read_namespaced_deployment_scale,
                self._apps.patch_namespaced_deployment_scale,
            ),
            "statefulsets": (
                self._apps.read_namespaced_stateful_set_scale,
                self._apps.patch_namespaced_stateful_set_scale,
            ),
        }

    def register(self, controls: Controls) -> None:
        """Takes calls of what can be done to the kinds of objects that are reported."""
        controls.control("kubernetes_get_logs")(self.get_logs)
        controls.control("kubernetes_describe")(self.describe)
        controls.control("kubernetes_delete_pod")(self.delete_pod)
        if "deployments" in self._resources:
            controls.control("kubernetes_scale_up")(self.scale_up)
            controls.control("kubernetes_scale_down")(self.scale_down)
        if "nodes" in self._resources:
            controls.control("kubernetes_cordon_node")(self.cordon)
            controls.control("kubernetes_uncordon_node")(self.uncordon)

    async def get_logs(self, node_id: str) -> Stream:
        """What all containers of a pod print."""
        _, pod = self._object(node_id, "pods")
        assert isinstance(pod, Pod)
        return Stream(await logs(self._core, pod))

    async def describe(self, node_id: str) -> Stream:
        """What the cluster says of an object, and what happened to it."""
        resource, thing = self._object(node_id, *self._reads)
        raw = await ask(f"get {resource}", self._reads[resource], *_place(thing))
        events = await self._events(thing, KINDS[resource])
        return Stream(partial(_print, describe(KINDS[resource], raw, events)))

    async def delete_pod(self, node_id: str) -> Removed:
        """Deletes a pod, this one and not another of its name."""
        _, pod = self._object(node_id, "pods")
        body = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=pod.uid))
        await ask("delete pods", self._core.delete_namespaced_pod, pod.name, pod.namespace, body=body)
        return Removed(node_id)

    async def scale_up(self, node_id: str) -> str:
        """Asks for one replica more."""
        return await self._scale(node_id, 1)

    async def scale_down(self, node_id: str) -> str:
        """Asks for one replica less, as long as one is left."""
        return await self._scale(node_id, -1)

    async def cordon(self, node_id: str) -> None:
        """Has no pods placed on a node any more."""
        await self._set_unschedulable(node_id, True)

    async def uncordon(self, node_id: str) -> None:
        """Has pods placed on a node again."""
        await self._set_unschedulable(node_id, False)

    async def _scale(self, node_id: str, more: int) -> str:
        resource, thing = self._object(node_id, *self._scales)
        read, patch = self._scales[resource]
        scale = await ask(f"get {resource}/scale", read, *_place(thing))
        now = scale["spec"].get("replicas", 0)
        if now + more < 1:
            raise ControlError(f"{thing.name} is to have {now} replicas; the last one is not taken away")
        # Who changes it at the same time is not overruled: the server knows by the version.
        version = {"resourceVersion": scale["metadata"]["resourceVersion"]}
        body = {"metadata": version, "spec": {"replicas": now + more}}
        await ask(f"patch {resource}/scale", patch, *_place(thing), body=body, _content_type=_MERGE)
        return f"{thing.name} is to have {now + more} replicas, and had {now}"

    async def _set_unschedulable(self, node_id: str, unschedulable: bool) -> None:
        _, node = self._object(node_id, "nodes")
        body = {"spec": {"unschedulable": unschedulable}}
        await ask("patch nodes", self._core.patch_node, *_place(node), body=body, _content_type=_MERGE)

    async def _events(self, thing: Thing, kind: str) -> Sequence[Raw] | str:
        """What happened to an object, or why that is not known. What happens to nodes is kept in another namespace."""
        selector = f"involvedObject.kind={kind},involvedObject.name={thing.name}"
        more = {"field_selector": selector, "limit": _EVENTS}
        try:
            if thing.namespace:
                found = await ask("list events", self._core.list_namespaced_event, thing.namespace, **more)
            else:
                found = await ask("list events", self._core.list_event_for_all_namespaces, **more)
        except ControlError as error:
            return str(error)
        events: Sequence[Raw] = found["items"]
        return events

    def _object(self, node_id: str, *resources: str) -> tuple[str, Thing]:
        """Which object a node is, of one of these resources."""
        for resource in resources:
            thing = self._find(resource, node_id)
            if thing is not None:
                return resource, thing
        raise ControlError(f"the cluster has no such object any more, or this does not apply to it: {node_id:.100}")


def _place(thing: Thing) -> Sequence[str]:
    """Where the API server has it."""
    return (thing.name, thing.namespace) if thing.namespace else (thing.name,)


async def _print(text: str, pipe: Pipe) -> Ended:
    await pipe.write(text.encode())
    return Ended()
