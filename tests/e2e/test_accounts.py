"""Signing in, tokens, and what happens when they are taken back."""

from tests.e2e.client import Answer, Mesh, wait_for


def login(mesh: Mesh) -> Answer:
    printed = mesh.command_line("make", "--silent", "login")
    link = printed.stdout.strip()
    assert link.startswith(f"{mesh.url}/#/login/"), printed
    assert mesh.local()["login_url"] == link
    return mesh.anybody().post("/api/users/login", {"token": link.rpartition("/")[2]})


def test_the_link_signs_in_once(mesh: Mesh) -> None:
    link = mesh.command_line("make", "--silent", "login").stdout.strip()
    secret = link.rpartition("/")[2]
    first = mesh.anybody().post("/api/users/login", {"token": secret})
    assert first.status == 200
    assert first.json()["email"] == mesh.local()["email"]
    cookie = first.headers["set-cookie"]
    for attribute in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute.lower() in cookie.lower()
    again = mesh.anybody().post("/api/users/login", {"token": secret})
    unknown = mesh.anybody().post("/api/users/login", {"token": "scope_login_nonsense"})
    assert (again.status, unknown.status) == (401, 401)
    assert again.json() == unknown.json()


def test_a_session_reads_and_signs_out(mesh: Mesh) -> None:
    session = mesh.anybody().with_headers(cookie=login(mesh).headers["set-cookie"].partition(";")[0])
    assert session.get("/api/topology").status == 200
    who = session.get("/api/users/lookup").json()
    assert who["email"] == mesh.local()["email"]
    assert [organization["id"] for organization in who["organizations"]] == [mesh.local()["org"]]
    assert session.with_headers(origin="http://evil.example").post("/api/users/logout", {}).status == 403
    assert session.get("/api/topology").status == 200
    assert session.with_headers(origin=mesh.url).post("/api/users/logout", {}).status == 200
    wait_for(lambda: session.get("/api/topology").status == 401, "the end of the session")


def test_somebody_sees_where_they_are_signed_in_and_ends_it(mesh: Mesh) -> None:
    link = mesh.command_line("make", "--silent", "login").stdout.strip()
    browser = mesh.anybody().with_headers(user_agent="Browser/1.0 (a test)")
    answer = browser.post("/api/users/login", {"token": link.rpartition("/")[2]})
    here = browser.with_headers(cookie=answer.headers["set-cookie"].partition(";")[0])
    (found,) = [one for one in here.get("/api/users/sessions").json()["sessions"] if one.get("current")]
    assert (found["userAgent"], found["address"]) == ("Browser/1.0 (a test)", "127.0.0.1")
    assert here.call("DELETE", f"/api/users/sessions/{found['id']}").status == 200
    wait_for(lambda: here.get("/api/users/lookup").status == 401, "the end of the session")


def test_a_token_is_rotated(mesh: Mesh) -> None:
    old = mesh.api().post("/api/users/tokens", {"name": "rack", "kind": "probe"}).json()
    new = mesh.api().post(f"/api/users/tokens/{old['id']}/rotate", {"overlapSeconds": 60}).json()
    assert new.keys() == {"id", "token", "oldExpires"}
    shown = {token["id"]: token for token in mesh.api().get("/api/users/tokens").json()["tokens"]}
    assert (shown[old["id"]]["replacedBy"], shown[new["id"]]["name"]) == (new["id"], "rack")
    again = mesh.api().post(f"/api/users/tokens/{old['id']}/rotate", {})
    assert (again.status, again.json()["details"][0]["reason"]) == (404, "NOT_FOUND")


def test_a_foreign_page_cannot_sign_anybody_in(mesh: Mesh) -> None:
    secret = mesh.command_line("make", "--silent", "login").stdout.strip().rpartition("/")[2]
    foreign = mesh.anybody().with_headers(origin="http://evil.example")
    assert foreign.post("/api/users/login", {"token": secret}).status == 403
    assert mesh.anybody().post("/api/users/login", {"token": secret}).status == 200


def test_tokens_are_listed_without_their_secret_and_revoked(mesh: Mesh) -> None:
    made = mesh.api().post("/api/users/tokens", {"name": "a script"}).json()
    assert made.keys() == {"id", "token", "expires"}
    assert mesh.anybody().bearer(made["token"]).get("/api/topology").status == 200
    listed = mesh.api().get("/api/users/tokens")
    assert made["token"].encode() not in listed.body
    mine = next(token for token in listed.json()["tokens"] if token["id"] == made["id"])
    assert (mine["kind"], mine["name"]) == ("api", "a script")
    assert mesh.api().call("DELETE", f"/api/users/tokens/{made['id']}").status == 200
    assert mesh.api().call("DELETE", f"/api/users/tokens/{made['id']}").status == 404
    wait_for(lambda: mesh.anybody().bearer(made["token"]).get("/api/topology").status == 401, "revocation")


def test_a_revoked_token_ends_its_watch_and_says_why(mesh: Mesh) -> None:
    made = mesh.api().post("/api/users/tokens", {"name": "watcher"}).json()
    with mesh.anybody().bearer(made["token"]).watch("hosts") as events:
        assert next(events).kind == "reset"
        mesh.api().call("DELETE", f"/api/users/tokens/{made['id']}")
        last = list(events)[-1]
    assert (last.kind, last.data["reason"]) == ("end", "CREDENTIAL_REVOKED")
    assert last.data["message"]
