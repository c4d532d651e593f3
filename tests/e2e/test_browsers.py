"""Browsers: whose pages may change and read things, what every answer tells them, and whose address a request has."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.connection import connect
from tests.e2e.client import Answer, Api, Mesh, wait_for
from tests.e2e.documents import two_processes

PUBLIC, APP = "https://scope.example", "https://app.example"
FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
FEW = 4


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh behind a proxy, under another name, open to an origin, where one source tries to sign in a few times."""
    mesh = Mesh(
        tmp_path_factory.mktemp("behind") / "data",
        free_ports(1)[0],
        PROBE="0",
        PUBLIC_URL=f"{PUBLIC}/",
        CORS_ORIGINS=APP,
        TRUSTED_HOPS="1",
        SIGN_IN_RATE=f"{FEW} per hour",
    )
    mesh.start()
    yield mesh
    assert mesh.stop() == 0
    postgres.remove(mesh.data / "postgres")


def sign_in(mesh: Mesh) -> Api:
    """As the administrator's browser, with a session."""
    link = mesh.command_line("scope-users", "login-link", mesh.local()["email"]).stdout.strip()
    answer = mesh.anybody().post("/api/users/login", {"token": link.rpartition("/")[2]})
    return mesh.anybody().with_headers(cookie=answer.headers["set-cookie"].partition(";")[0])


def reason(answer: Answer) -> str:
    [info] = [detail for detail in answer.json()["details"] if detail["@type"].endswith("ErrorInfo")]
    return str(info["reason"])


#: What signs in, signs out, changes and reports: with the body that would do it.
CHANGES = [
    ("POST", "/api/users/login", {"token": "scope_login_nonsense"}),
    ("POST", "/api/users/logout", {}),
    ("POST", "/api/users/tokens", {"name": "forged"}),
    ("DELETE", "/api/users/tokens/0", None),
    ("POST", "/api/report", two_processes("forged")),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=lambda value: str(value)[:24])
def test_no_other_sites_page_changes_anything(mesh: Mesh, method: str, path: str, body: object) -> None:
    browser = sign_in(mesh)
    port = mesh.url.rpartition(":")[2]
    foreign = [
        *("https://evil.example", "null", "", f"https://127.0.0.1:{port}", "http://127.0.0.1", f"{mesh.url}/"),
        *(f"http://127.0.0.1.evil.example:{port}", f"http://127.0.0.1.:{port}", f"{mesh.url}, {mesh.url}"),
    ]
    for caller in (mesh.anybody(), browser, mesh.api()):
        for headers in (
            *({"origin": one} for one in foreign),
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
        ):
            answer = caller.with_headers(**headers).call(method, path, body)
            assert (answer.status, reason(answer)) == (403, "FOREIGN_ORIGIN"), headers
    assert browser.get("/api/users/lookup").status == 200
    assert b"forged" not in mesh.api().get("/api/users/tokens").body


@pytest.mark.parametrize("kind", FORMS)
def test_a_form_of_another_site_is_not_taken_for_json(mesh: Mesh, kind: str) -> None:
    """Browsers send such forms to other sites without asking first."""
    link = mesh.command_line("scope-users", "login-link", mesh.local()["email"]).stdout.strip()
    form = mesh.anybody().with_headers(content_type=kind)
    body = {"token": link.rpartition("/")[2]}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}):
        answer = form.with_headers(**headers).post("/api/users/login", body)
        assert (answer.status, reason(answer)) == (403, "FOREIGN_ORIGIN")
    # The link is as good as before; a program's content type is its own affair.
    assert form.post("/api/users/login", body).status == 200


def test_this_machines_pages_are_its_own_by_each_of_its_names(mesh: Mesh) -> None:
    port = mesh.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::1]"):
        browser = sign_in(mesh).with_headers(origin=f"http://{host}:{port}", sec_fetch_site="same-origin")
        assert browser.post("/api/users/logout", {}).status == 200


def test_under_another_name_its_pages_are_that_ones(behind: Mesh) -> None:
    assert behind.local()["login_url"].startswith(f"{PUBLIC}/#/login/")
    caller = behind.api()
    for origin in (PUBLIC, APP):
        made = caller.with_headers(origin=origin).post("/api/users/tokens", {"name": origin})
        assert made.status == 200, made
    for origin in (behind.url, "http://scope.example", "https://www.scope.example", "https://app.example:8443"):
        assert reason(caller.with_headers(origin=origin).post("/api/users/tokens", {"name": "x"})) == "FOREIGN_ORIGIN"


def test_a_named_origins_page_reads_answers_denials_and_events(behind: Mesh) -> None:
    page = behind.api().with_headers(origin=APP)
    for caller, path, status in (
        (page, "/api/topology", 200),
        (page, "/api/users/lookup", 200),
        (page, "/api/topology/nonsense", 404),
        (page, "/api/nothing", 404),
        (behind.anybody().with_headers(origin=APP), "/api/topology", 401),
    ):
        answer = caller.get(path)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, APP), path
        assert answer.headers["access-control-allow-credentials"] == "true"
        other = caller.with_headers(origin="https://evil.example").get(path)
        assert (other.status, other.headers.get("access-control-allow-origin")) == (status, None)
        assert "Origin" in other.headers["vary"]
    events = begin(behind, "/api/watch/topology/hosts", {**page.headers})
    assert events["content-type"].startswith("text/event-stream")
    assert events["access-control-allow-origin"] == APP


def begin(mesh: Mesh, path: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers of an answer that does not end."""
    connection: HTTPConnection = connect(mesh.url, "", 30)
    connection.request("GET", path, headers=headers)
    found = {key.lower(): value for key, value in connection.getresponse().getheaders()}
    connection.close()
    return found


def test_what_a_named_origins_page_may_send_is_said_beforehand(behind: Mesh) -> None:
    asks = {"access_control_request_method": "DELETE", "access_control_request_headers": "authorization"}
    answer = behind.anybody().with_headers(origin=APP, **asks).call("OPTIONS", "/api/users/tokens/x")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, APP)
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    other = behind.anybody().with_headers(origin="https://evil.example", **asks).call("OPTIONS", "/api/users/tokens/x")
    assert (other.status, other.headers.get("access-control-allow-origin")) == (405, None)


def test_nobodys_page_reads_anything_by_default(mesh: Mesh) -> None:
    for path in ("/api/topology", "/api/nothing", "/"):
        answer = mesh.api().with_headers(origin=APP).get(path)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_keeps_browsers_from_showing_it_elsewhere_or_keeping_it(mesh: Mesh) -> None:
    made = mesh.api().post("/api/users/tokens", {"name": "kept by nobody"})
    answers = [made, *(mesh.api().get(path) for path in ("/api/topology", "/api/nothing", "/", "/healthz"))]
    answers.append(mesh.anybody().get("/api/users/lookup"))
    for answer in answers:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert made.headers["cache-control"] == "no-store"
    events = begin(mesh, "/api/watch/topology/hosts", {**mesh.api().headers})
    assert (events["cache-control"], events["x-frame-options"]) == ("no-cache", "DENY")


def tries(mesh: Mesh, source: str, times: int = FEW + 1) -> list[Answer]:
    """What somebody hears who tries to sign in so many times, and says to come from there."""
    caller = mesh.anybody().with_headers(x_forwarded_for=source, x_scope_address=source, x_real_ip=source)
    return [caller.post("/api/users/login", {"token": "scope_login_nonsense"}) for _ in range(times)]


def test_who_comes_too_often_is_known_by_the_address_that_the_proxy_says(behind: Mesh) -> None:
    *first, last = tries(behind, "192.0.2.1")
    assert {answer.status for answer in first} == {401}
    assert (last.status, reason(last)) == (429, "RATE_EXCEEDED")
    assert int(last.headers["retry-after"]) > 0
    # Somebody else is let try, and who puts another address before the proxy's is no other.
    assert tries(behind, "192.0.2.2", 1)[0].status == 401
    assert tries(behind, "203.0.113.9, 192.0.2.1", 1)[0].status == 429


def test_nobody_says_whose_address_a_request_has(own_mesh: Mesh) -> None:
    tries(own_mesh, "192.0.2.1", 1)
    log = own_mesh.data / "logs"

    def lines() -> list[str]:
        texts = [file.read_text() for file in log.glob("envoy*.log")]
        return [line for text in texts for line in text.splitlines() if "/api/users/login" in line]

    [line] = map(json.loads, wait_for(lines, "the request in Envoy's log"))
    assert line["client"] == "127.0.0.1"
