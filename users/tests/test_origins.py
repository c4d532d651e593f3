"""Of whose pages state changes are taken."""

import pytest

from mesh.errors import ServiceError
from scope.edge.v1.authorization_pb2 import AttributeContext
from users.origins import TrustedOrigins

PUBLIC = TrustedOrigins("https://scope.example:8443", ["https://app.example"])
LOCAL = TrustedOrigins("http://127.0.0.1:8080")
CHANGES = ("POST", "PUT", "PATCH", "DELETE", "post", "ANYTHING", "")


def refused(origins: TrustedOrigins, method: str = "POST", host: str = "scope.example:8443", **headers: str) -> bool:
    """Whether a request with these headers is refused; `sec_fetch_site="x"` is the header sec-fetch-site."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        origins.check(AttributeContext.HttpRequest(method=method, host=host, headers=sent))
    except ServiceError as error:
        return error.reason_name == "FOREIGN_ORIGIN"
    return False


@pytest.mark.parametrize("method", CHANGES)
@pytest.mark.parametrize("origin", ["https://scope.example:8443", "https://app.example"])
def test_our_own_pages_and_those_of_named_origins_change_things(method: str, origin: str) -> None:
    assert not refused(PUBLIC, method, origin=origin)
    assert not refused(PUBLIC, method, origin=origin, sec_fetch_site="cross-site")


@pytest.mark.parametrize("method", CHANGES)
@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "*", "about:blank", "file://", "data:,", "https://"),
        *("https://evil.example", "https://evil.example:8443", "https://scope.example", "https://scope.example:443"),
        *("http://scope.example:8443", "ws://scope.example:8443", "//scope.example:8443", "scope.example:8443"),
        *("https://scope.example:84430", "https://scope.example:8443.evil.example", "https://scope.example.:8443"),
        *(
            "https://sub.scope.example:8443",
            "https://scope.example.evil.example:8443",
            "https://evilscope.example:8443",
        ),
        *(
            "https://Scope.example:8443",
            "HTTPS://scope.example:8443",
            "https://scope.example:8443/",
            "https://x@app.example",
        ),
        *("https://app.example:443", "https://app.example.", "https://APP.example", "http://app.example"),
        *(
            "https://app.example https://evil.example",
            "https://app.example,https://app.example",
            " https://app.example",
        ),
        *(
            "https://evil.example/https://app.example",
            "https://evil.example#https://app.example",
            "http://127.0.0.1:8080",
        ),
        *(
            "http://localhost:8443",
            "https://[::1]:8443",
            "https://[",
            "https://app.example\x00",
            "https://xn--app.example",
        ),
    ],
)
def test_no_other_page_does(method: str, origin: str) -> None:
    assert refused(PUBLIC, method, origin=origin)
    # What the request calls its host, or says of its own site, makes it no better.
    assert refused(PUBLIC, method, host=origin.partition("://")[2], origin=origin, sec_fetch_site="same-origin")


@pytest.mark.parametrize(("site", "is_refused"), [("same-origin", False), ("none", False), ("", True)])
def test_without_an_origin_the_browser_says_what_kind_of_site_asks(site: str, is_refused: bool) -> None:
    assert refused(PUBLIC, sec_fetch_site=site) == is_refused


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Same-Origin", "same-origin, same-origin", "unheard-of"])
def test_without_an_origin_no_other_site_changes_anything(site: str) -> None:
    for method in CHANGES:
        assert refused(PUBLIC, method, sec_fetch_site=site)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "get"])
def test_reading_is_for_browsers_to_refuse(method: str) -> None:
    assert not refused(PUBLIC, method, origin="https://evil.example", sec_fetch_site="cross-site")


def test_programs_say_nothing_of_pages() -> None:
    for method in CHANGES:
        assert not refused(PUBLIC, method)


class TestWebSockets:
    """Asked for by GET, and a way to change things."""

    @pytest.mark.parametrize("origin", ["https://scope.example:8443", "https://app.example"])
    @pytest.mark.parametrize("with_", [{}, {"cookie": "x=y"}, {"authorization": "Bearer x"}])
    def test_pages_that_may_change_things_may_have_them(self, origin: str, with_: dict[str, str]) -> None:
        assert not refused(PUBLIC, "GET", upgrade="websocket", origin=origin, **with_)

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "wss://scope.example:8443"])
    @pytest.mark.parametrize("with_", [{}, {"cookie": "x=y"}, {"authorization": "Bearer x"}])
    def test_no_other_page_may(self, origin: str, with_: dict[str, str]) -> None:
        assert refused(PUBLIC, "GET", upgrade="websocket", origin=origin, sec_fetch_site="same-origin", **with_)

    def test_programs_with_a_token_or_nothing_say_nothing_of_pages(self) -> None:
        for with_ in ({}, {"authorization": "Bearer x"}, {"authorization": "Bearer x", "cookie": "x=y"}):
            assert not refused(PUBLIC, "GET", upgrade="websocket", **with_)

    def test_with_a_cookie_it_must_be_said(self) -> None:
        assert refused(PUBLIC, "GET", upgrade="websocket", cookie="x=y")
        assert refused(PUBLIC, "GET", upgrade="websocket", cookie="x=y", sec_fetch_site="same-origin")


@pytest.mark.parametrize(
    "public", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://127.0.0.2:8080"]
)
def test_this_machine_has_several_names(public: str) -> None:
    origins = TrustedOrigins(public)
    for own in (public, "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"):
        assert not refused(origins, origin=own)
    for other in (
        "http://127.0.0.1:8081",
        "http://localhost",
        "https://localhost:8080",
        "http://localhost.evil.example:8080",
    ):
        assert refused(origins, origin=other)


def test_a_port_that_is_the_schemes_own_is_not_written() -> None:
    for public in ("http://localhost:80", "http://localhost"):
        assert not refused(TrustedOrigins(public), origin="http://[::1]")
    assert refused(TrustedOrigins("http://localhost:80"), origin="http://localhost:80")


def test_names_that_only_look_like_this_machines_have_no_others() -> None:
    for public in ("http://192.0.2.1", "http://localhost.example", "http://127.0.0.1.example", "https://scope.example"):
        assert refused(TrustedOrigins(public), origin="http://localhost")
