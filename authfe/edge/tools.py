"""The page for administrators of the deployment, and the tools below it that are reached through the edge.

A tool is behind the same rule as the page, and told nothing of who asks: neither the credential nor the identity.
"""

from authfe.edge import filters
from authfe.edge.clusters import GRAFANA
from authfe.edge.deployment import Deployment
from authfe.edge.typed import Config
from mesh.headers import IDENTITY, ORGANIZATION, PIPE_ID, PROBE_ID, TENANT

#: The RPC of the page, by whose rule tools are reached.
PAGE = "/scope.users.v1.ToolService/ShowPage"
#: Where the page is.
ROOT = "/admin"
#: The route of the WebSockets by which Grafana tells its pages what is new; of all else it is named as the cluster.
GRAFANA_LIVE = "grafana-live"
_PLACE = f"{ROOT}/{GRAFANA}/"

#: How long Grafana may think about an answer, and a WebSocket stay open until it is asked again who has it: who may see
#: nothing of it any more sees it for as long.
_FOR = "60s"
_ANSWER = {"timeout": _FOR, "max_stream_duration": {"max_stream_duration": _FOR}}
_LIVE = {**_ANSWER, "timeout": "0s", "idle_timeout": "0s"}

_OURS = (IDENTITY, TENANT, ORGANIZATION, PROBE_ID, PIPE_ID)


def grafana(deployment: Deployment, websocket: Config) -> list[Config]:
    """The routes to Grafana, where there is one; `websocket` matches the header of who asks for one."""
    if not deployment.grafana:
        return []
    live = {"prefix": f"{_PLACE}api/live/", "headers": [websocket]}
    return [
        _route(GRAFANA_LIVE, live, {**_LIVE, "upgrade_configs": [{"upgrade_type": "websocket"}]}),
        _route(GRAFANA, {"prefix": _PLACE}, _ANSWER),
    ]


def _route(name: str, match: Config, times: Config) -> Config:
    return {
        "name": name,
        "match": match,
        "route": {"cluster": GRAFANA, **times},
        "request_headers_to_remove": list(_OURS),
        "typed_per_filter_config": filters.tool(PAGE, _PLACE),
    }
