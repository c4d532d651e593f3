"""What REST answers is what the OpenAPI document says, success and refusal."""

import re
from socket import gethostname
from urllib.parse import quote, urlencode

import pytest

from tests.contract.openapi import Operation, operations
from tests.e2e.accounts_walk import NEWCOMER, Walk
from tests.e2e.client import Answer, Api, Mesh, wait_for
from tests.e2e.documents import two_processes


class Rest:
    """Calls by the names of operations; remembers which were answered as documented, and with what."""

    def __init__(self) -> None:
        self._operations = {operation.name: operation for operation in operations()}
        self.answered: set[tuple[str, int]] = set()

    def call(self, api: Api, name: str, body: object = None, **parameters: str) -> Answer:
        operation = self._operations[name]
        path = re.sub(r"\{(\w+)\}", lambda match: quote(parameters.pop(match[1]), safe=""), operation.path)
        path += f"?{urlencode(parameters)}" if parameters else ""
        begun = name == "QueryService_StreamTopology"
        answer = _begun(api, path) if begun else api.call(operation.method, path, body)
        assert operation.wrong(answer) == [], (name, answer)
        self.answered.add((name, answer.status))
        return answer


def _begun(api: Api, path: str) -> Answer:
    """The beginning of a stream that has no end, or what is answered instead."""
    connection = api.connect()
    try:
        connection.request("GET", path, headers=dict(api.headers))
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.readline() if response.status == 200 else response.read())
    finally:
        connection.close()


def _signed_in(mesh: Mesh, rest: Rest, email: str) -> Api:
    secret = mesh.command_line("scope-users", "login-link", email).stdout.strip().rpartition("/")[2]
    answer = rest.call(mesh.anybody(), "SessionService_Login", {"token": secret})
    return mesh.anybody().with_headers(cookie=answer.headers["set-cookie"].partition(";")[0])


def test_every_operation_succeeds_as_documented(mesh: Mesh) -> None:
    rest, api = Rest(), mesh.api()
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    rest.call(probe, "CollectionService_PublishDocument", two_processes("documented"))
    # Of this machine, which has measurements too, and there for as long as the mesh is.
    nodes = {"hosts": f"{gethostname()};<host>", "processes": f"{gethostname()};{mesh.run()['pid']}"}
    wait_for(lambda: nodes["processes"] in api.nodes("processes?unconnected=show"), "the process")
    for name in ("GetInfo", "ListTopologies", "GetHistory", "ListProbes"):
        rest.call(api, f"QueryService_{name}")
    for topology, node in nodes.items():
        rest.call(api, "QueryService_RenderTopology", topology=topology)
        rest.call(api, "QueryService_RenderNode", topology=topology, node_id=node)
        rest.call(api, "QueryService_StreamTopology", topology=topology)
    _terminal(rest, api, nodes["hosts"])
    made = rest.call(api, "TokenService_CreateToken", {"name": "documented", "kind": "probe"}).json()
    rest.call(api, "TokenService_ListTokens")
    made = rest.call(api, "TokenService_RotateToken", {}, id=made["id"]).json()
    rest.call(api, "TokenService_DeleteToken", id=made["id"])
    rest.call(mesh.anybody(), "SessionService_SignUp", {"email": NEWCOMER})
    administrator = mesh.local()["email"]
    walk = Walk(rest.call, _signed_in(mesh, rest, administrator), lambda email: _signed_in(mesh, rest, email))
    walk.organization(walk.administration())
    other = _signed_in(mesh, rest, administrator)
    walk.sessions(other)
    rest.call(other, "SessionService_Lookup")
    rest.call(other, "SessionService_Logout", {})
    assert rest.answered == {(operation.name, 200) for operation in operations()}


def _terminal(rest: Rest, api: Api, host: str) -> None:
    """One is opened, looked at and closed."""
    path = f"/api/topology/hosts/{quote(host, safe='')}"
    wait_for(lambda: api.get(path).json()["node"]["controls"], "the host's controls")
    [control] = api.get(path).json()["node"]["controls"]
    named = {"probe_id": control["probeId"], "node_id": control["nodeId"], "control": control["id"]}
    pipe = rest.call(api, "ControlService_Invoke", {"command": '["cat"]'}, **named).json()["pipe"]
    rest.call(api, "PipeService_GetPipe", id=pipe)
    rest.call(api, "PipeService_ClosePipe", id=pipe)


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
def test_every_operation_refuses_as_documented(mesh: Mesh, operation: Operation) -> None:
    rest = Rest()
    absent = dict.fromkeys(operation.parameters("path"), "no such thing")
    body = {"token": "", "name": "", "nodes": [{"topology": "nonsense"}]} if operation.method == "POST" else None
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    elsewhere = mesh.api().with_headers(x_scope_org="no-such-organization")
    for caller in (mesh.anybody(), mesh.api(), probe, elsewhere):
        rest.call(caller, operation.name, body, **absent)
    statuses = {status for _, status in rest.answered}
    assert statuses <= {int(status) for status in operation.described["responses"] if status != "default"}
    assert operation.public or {401, 403} <= statuses
