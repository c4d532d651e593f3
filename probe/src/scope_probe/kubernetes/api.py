"""The Kubernetes API server, by the official client. Importing this takes a second: do it where it is needed."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config, watch
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from scope_probe.kubernetes import ConfigurationError, objects
from scope_probe.kubernetes.objects import Raw, Thing

#: Objects in a page of a list: some megabytes at most.
PAGE = 250
CONNECT_SECONDS = 5
_LIST_SECONDS = 60
#: A server that has said nothing for so long, where it could have said how far it is every minute, is asked anew.
_QUIET_SECONDS = 90
#: More than are open at once: one for each kind that is followed, call under way and log that somebody looks at.
_CONNECTIONS = 1_000
#: After which the server ends a watch, for it to start anew, maybe at another server.
_WATCH_SECONDS = 300

RefusedError = client.ApiException
"""The API server says no, and in `status` why."""


class NotReachedError(Exception):
    """The API server does not answer; the message says why."""


@dataclass(frozen=True)
class Resource:
    """A kind of objects: its name in access rules, the call that lists and watches them, and how one is read."""

    name: str
    call: Callable[..., Any]
    read: Callable[[Raw], Thing]
    field_selector: str | None = None
    #: Any version of the list that a server has at hand will do; it comes in one piece then.
    version: str | None = None
    #: What to say where there are none.
    none: str = ""

    def pages(self) -> Iterator[Raw]:
        """Lists the objects that there are, one page after the other, all of one version of the list.

        Raises:
            NotReachedError: no answer came.
            RefusedError: the answer is no; with status 410, the pages took too long.
        """
        following = None
        while True:
            page: Raw = json.loads(self._page(following))
            yield page
            following = page["metadata"].get("continue")
            if not following:
                return

    def events(self, version: str, opened: Callable[[], None], watching: watch.Watch) -> Iterator[Raw]:
        """Says what happens to the objects after a version of their list, until the server or `watching` ends that.

        Args:
            version: of a list, or of the object or bookmark that an event was about.
            opened: called when the server has answered that it will tell.
            watching: its `stop` ends this.

        Raises:
            NotReachedError: no answer came.
            RefusedError: the answer is no; with status 410, the version is too old.
        """

        def ask(**arguments: Any) -> HTTPResponse:
            response = self._ask(_QUIET_SECONDS, **arguments)
            opened()
            return response

        try:
            yield from watching.stream(
                ask, resource_version=version, allow_watch_bookmarks=True, timeout_seconds=_WATCH_SECONDS
            )
        except HTTPError:  # it broke, or nothing came: the next answer, or that there is none, says what to think of it
            return

    def _page(self, following: str | None) -> bytes:
        with answering():
            return self._ask(
                _LIST_SECONDS, limit=PAGE, _continue=following, resource_version=self.version, _preload_content=False
            ).data

    def _ask(self, seconds: int, **arguments: Any) -> HTTPResponse:
        timeouts = (CONNECT_SECONDS, seconds)
        with answering():
            response: HTTPResponse = self.call(
                field_selector=self.field_selector, _request_timeout=timeouts, **arguments
            )
        return response


@contextmanager
def answering() -> Iterator[None]:
    """Says in one way that an answer does not come."""
    try:
        yield
    except HTTPError as error:
        # The last of its words; those before name objects in memory.
        raise NotReachedError(f"{type(error).__name__}: {str(error).rpartition(': ')[2]}") from None


def connect() -> client.ApiClient:
    """The API server: the cluster's that this runs in, or else the one that kubeconfig means.

    Raises:
        ConfigurationError: neither says where it is.
    """
    configuration = client.Configuration()
    configuration.retries = False  # it would try again at once, and log each time
    configuration.connection_pool_maxsize = _CONNECTIONS  # it would log each one beyond
    try:
        file = os.environ.get("KUBECONFIG") or None
        if file is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(file, client_configuration=configuration, persist_config=False)
    except Exception as error:  # noqa: BLE001 - the client says in many ways what is wrong with such a file
        why = str(error).partition("\n")[0].rstrip(".")
        raise ConfigurationError(
            f"Kubernetes cannot be asked: {why}. In a cluster the probe's pod needs a service "
            "account, elsewhere a file that kubectl works with, named by KUBECONFIG."
        ) from None
    return client.ApiClient(configuration)


def of_node(server: client.ApiClient, node: str) -> list[Resource]:
    """The pods of one node."""
    pods = client.CoreV1Api(server).list_pod_for_all_namespaces
    none = f"the cluster has no pods on a node called {node}; --kubernetes-node says what it calls this host"
    return [Resource("pods", pods, objects.pod, field_selector=f"spec.nodeName={node}", version="0", none=none)]


def of_cluster(server: client.ApiClient) -> list[Resource]:
    """Everything that a cluster reports."""
    core, apps, batch = client.CoreV1Api(server), client.AppsV1Api(server), client.BatchV1Api(server)
    return [
        Resource("pods", core.list_pod_for_all_namespaces, objects.pod),
        Resource("services", core.list_service_for_all_namespaces, objects.service),
        Resource("namespaces", core.list_namespace, objects.namespace),
        Resource("nodes", core.list_node, objects.host),
        Resource("deployments", apps.list_deployment_for_all_namespaces, objects.deployment),
        Resource("replicasets", apps.list_replica_set_for_all_namespaces, objects.replica_set),
        Resource("daemonsets", apps.list_daemon_set_for_all_namespaces, objects.daemon_set),
        Resource("statefulsets", apps.list_stateful_set_for_all_namespaces, objects.stateful_set),
        Resource("jobs", batch.list_job_for_all_namespaces, objects.job),
        Resource("cronjobs", batch.list_cron_job_for_all_namespaces, objects.cron_job),
    ]
