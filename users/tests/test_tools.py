"""The tools that a deployment names, and the page that links them."""

import base64
import hashlib
import re

import grpc
import pytest
from pydantic import ValidationError

from scope.users.v1.service_pb2_grpc import ToolServiceStub
from scope.users.v1.tools_pb2 import (
    ListRoutesRequest,
    ListRoutesResponse,
    ListToolsRequest,
    Route,
    ShowPageRequest,
    Tool,
)
from users.settings import UsersSettings
from users.tests.administrators import administered, person
from users.tests.conftest import Service, told
from users.tests.test_sign_in import reason
from users.tools import MOST, ToolsPage

_SERVICE = "/scope.users.v1.ToolService"
LINKS = "Grafana=/admin/grafana/, <b>Mail & more</b> = https://mail.example/?a=1&b=%2C ,NATS=http://[::1]:8222/"


def named(links: str) -> list[tuple[str, str]]:
    return [(tool.name, tool.url) for tool in told("postgresql://x", admin_links=links).admin_links]


def test_links_are_names_and_addresses() -> None:
    assert named(LINKS) == [
        ("Grafana", "/admin/grafana/"),
        ("<b>Mail & more</b>", "https://mail.example/?a=1&b=%2C"),
        ("NATS", "http://[::1]:8222/"),
    ]
    assert named("") == named(" , ") == []


@pytest.mark.parametrize(
    ("links", "why"),
    [
        ("Grafana", "is no address"),
        ("=https://a.example/", "is no link"),
        (f"{'n' * 61}=https://a.example/", "at most 60 characters"),
        ("a\x00b=https://a.example/", "is no link"),
        ("X=javascript:alert(1)", "is no address"),
        ("X=JavaScript://a.example/%0aalert(1)", "is no address"),
        ("X=data:text/html,x", "is no address"),
        ("X=ftp://a.example/", "is no address"),
        ("X=//elsewhere.example/", "is no address"),
        ("X=/\\elsewhere.example/", "is no address"),
        ("X=https:///path", "is no address"),
        ("X=https://user:password@a.example/", "is no address"),
        ("X=https://a.example/a b", "is no address"),
        ("X=elsewhere", "is no address"),
        (f"X=https://a.example/{'x' * 2000}", "is no address"),
        (",".join(f"{number}=/x" for number in range(MOST + 1)), f"at most {MOST}"),
    ],
)
def test_whatever_else_is_refused(links: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        named(links)


def test_the_page_escapes_and_allows_its_own_style_alone() -> None:
    page = ToolsPage([Tool(name="<script>alert(1)</script>", url='https://a.example/?"onclick="x')])
    route = Route(organization="<i>", probe_id="<b>", replica="<u>")
    html = page.html('"><script>', ListRoutesResponse(routes=[route], total=7)).decode()
    assert not re.search(r"<(script|i|b|u)>|\"onclick", html)
    assert "1 of 7." in html
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'")
    assert "script" not in page.policy


class TestService:
    @pytest.fixture
    def settings(self, postgres_url: str) -> UsersSettings:
        return told(postgres_url, admin_links=LINKS)

    async def test_an_administrator_has_a_page_with_the_tools_and_with_why_there_are_no_routes(
        self, users: Service
    ) -> None:
        admin = await administered(users)
        stub = ToolServiceStub(users.channel)
        metadata = await users.metadata(f"{_SERVICE}/ListTools", cookie=admin.cookie)
        tools = (await stub.ListTools(ListToolsRequest(), metadata=metadata)).tools
        assert [tool.name for tool in tools] == ["Grafana", "<b>Mail & more</b>", "NATS"]

        call = stub.ShowPage(
            ShowPageRequest(search="p-1"), metadata=await users.metadata(f"{_SERVICE}/ShowPage", cookie=admin.cookie)
        )
        answer = await call
        assert answer.content_type == "text/html; charset=utf-8"
        html = answer.data.decode()
        assert '<a href="https://mail.example/?a=1&amp;b=%2C">&lt;b&gt;Mail &amp; more&lt;/b&gt;</a>' in html
        assert '<a href="/#/admin/people">' in html
        assert 'value="p-1"' in html
        assert "the bus, by which replicas are asked, cannot be reached" in html
        policy = dict(await call.initial_metadata())["content-security-policy"]
        assert "frame-ancestors 'none'" in str(policy)

    async def test_without_the_bus_nobody_can_be_asked(self, users: Service) -> None:
        admin = await administered(users)
        metadata = await users.metadata(f"{_SERVICE}/ListRoutes", cookie=admin.cookie)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ToolServiceStub(users.channel).ListRoutes(ListRoutesRequest(), metadata=metadata)
        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE")

    @pytest.mark.parametrize("method", ["ListTools", "ListRoutes", "ShowPage"])
    async def test_nobody_else_gets_there(self, users: Service, method: str) -> None:
        await users.organization("acme")
        person(users, "bob@example.org")
        for cookie, status in ((await users.cookie("bob@example.org"), 403), ("", 401)):
            denied = (await users.check(f"{_SERVICE}/{method}", cookie=cookie)).denied_response
            assert denied.status.code == status
