"""The tools that a deployment names, and the page that links them."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC
from typing import Annotated
from urllib.parse import urlsplit

from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from scope.users.v1.tools_pb2 import ListRoutesResponse, Tool

#: How many tools a deployment may name, and of how many characters a name and an address are at most.
MOST = 50
NAME_LENGTH = 60
URL_LENGTH = 2_000

_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f\\]")


def _tools(value: str | Iterable[Tool]) -> tuple[Tool, ...]:
    if not isinstance(value, str):
        return tuple(value)
    found = tuple(_tool(text.strip()) for text in value.split(",") if text.strip())
    if len(found) > MOST:
        raise ValueError(f"has {len(found)} links; at most {MOST} are shown")
    return found


def _tool(text: str) -> Tool:
    name, _, url = (part.strip() for part in text.partition("="))
    if not (0 < len(name) <= NAME_LENGTH and name.isprintable()):
        raise ValueError(f"{text!r} is no link: it is NAME=URL, the name of at most {NAME_LENGTH} characters")
    if not _is_address(url):
        raise ValueError(
            f"{url!r} of {name} is no address: it is http:// or https:// with a host, or a path of this site as "
            "/admin/grafana/; a comma in it is written %2C"
        )
    return Tool(name=name, url=url)


def _is_address(url: str) -> bool:
    if len(url) > URL_LENGTH or _SPACE_OR_CONTROL.search(url):
        return False
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    return url.startswith("/")


#: A setting of any number of links, `NAME=URL`, separated by commas.
Tools = Annotated[tuple[Tool, ...], NoDecode, BeforeValidator(_tools)]


class ToolsPage:
    """Writes the page.

    Args:
        tools: what it links.

    Raises:
        jinja2.TemplateError: the template is missing or broken.
    """

    def __init__(self, tools: Iterable[Tool]) -> None:
        templates = Environment(
            loader=PackageLoader("users", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        templates.filters["moment"] = _moment
        style = templates.get_template("tools.css").render()
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._template = templates.get_template("tools.html")
        self._facts = {"tools": tuple(tools), "style": style}
        #: What browsers may do with it: show it in its own style, follow links, and search.
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )

    def html(self, search: str, routes: ListRoutesResponse | None, why: str = "") -> bytes:
        """The page with these routes, which are those that were searched for; without any, why there are none."""
        return self._template.render(self._facts, search=search, routes=routes, why=why).encode()


def _moment(time: Timestamp) -> str:
    return f"{time.ToDatetime(UTC):%Y-%m-%d %H:%M:%S}"
