"""How an origin is written."""

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from mesh.origins import Origins, Site, origin


class Settings(BaseSettings):
    cors_origins: Origins = ()
    public_url: Site = "http://here"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://scope.example", "https://scope.example"),
        ("HTTPS://Scope.Example:443", "https://scope.example"),
        ("http://scope.example:80", "http://scope.example"),
        ("http://scope.example:443", "http://scope.example:443"),
        ("http://127.0.0.1:08080", "http://127.0.0.1:8080"),
        ("http://[0:0::1]:8080", "http://[::1]:8080"),
        ("https://[2001:DB8::0]", "https://[2001:db8::]"),
    ],
)
def test_it_is_written_as_browsers_do(text: str, written: str) -> None:
    assert origin(text) == origin(written) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "null", "scope.example", "//scope.example", "ftp://scope.example", "https://", "https://*.example"),
        *("https://scope.example/", "https://scope.example/x", "https://scope.example?", "https://scope.example#x"),
        *(
            "https://u@scope.example",
            "https://scope.example:",
            "https://scope.example:0",
            "https://scope.example:65536",
        ),
        *(
            "https://scope.example.",
            "https://.example",
            "https://a b",
            "https://a,https://b",
            " https://a",
            "https://a\n",
        ),
        *("https://[::1", "https://[1.2.3.4]", "https://::1", "https://sc\u00f6pe.example", "https://a:\u0661"),
    ],
)
def test_what_is_none_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin") as refused:
        origin(text)
    assert repr(text) in str(refused.value)


def test_settings_take_several_and_say_which_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", " https://b.example,https://A.example:443 ,, https://b.example")
    monkeypatch.setenv("PUBLIC_URL", "https://Scope.example/")
    settings = Settings()
    assert settings.cors_origins == ("https://b.example", "https://a.example")
    assert settings.public_url == "https://scope.example"
    monkeypatch.setenv("CORS_ORIGINS", "https://b.example,https://*.example")
    with pytest.raises(ValidationError, match=r"'https://\*.example' is no origin"):
        Settings()
    monkeypatch.setenv("CORS_ORIGINS", "")
    assert Settings().cors_origins == ()
