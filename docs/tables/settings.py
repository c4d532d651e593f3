"""`docs/settings.md`: every setting of every process, read from the classes that read them from the environment."""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import NoneType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from authfe.frontend.settings import FrontendSettings
from authfe.frontend.telemetry import Telemetry
from authfe.sockets.settings import SocketsSettings
from collection.settings import CollectionSettings
from control.settings import ControlSettings
from deploy.local.options import Options
from docs.tables.markdown import table
from mesh.rates import Rate
from mesh.settings import ProcessSettings, Settings
from pipe.settings import PipeSettings
from query.settings import QuerySettings
from ui.settings import UiSettings
from users.settings import UsersSettings

_ROOT = Path(__file__).resolve().parents[2]
_COLUMNS = ("variable", "default", "bounds", "what")
_MIB = 1024 * 1024
#: How the bounds of a number are said.
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}

_INTRODUCTION = """\
# Settings

Every process is told by its environment, and by nothing else. This page is made from the code (`make gen`). A process
whose environment says something that cannot be ends at once, with a line for each variable. What is **needed** has no
default, though what runs a process may say it: images are told where to listen ([operate.md](operate.md#images)), and
`make up` tells its processes what they need of each other, and passes its own environment on to each. What bounds
something, and what is beyond the bound, is in [limits.md](limits.md). `scope-users` reads the database, the files of
keys and the address of users by the names that users has for them ([accounts.md](accounts.md)). Probes are told by
their command line: `scope launch --help`.
"""


@dataclass(frozen=True)
class Group:
    """Settings that some processes have."""

    title: str
    settings: type[BaseSettings]
    #: What is read by others, too, and stands there.
    beside: type[BaseSettings]
    words: str = ""


GROUPS = (
    Group(
        "Every process but the edge",
        ProcessSettings,
        BaseSettings,
        "users, collection, query, control, pipe, sockets and ui-server.",
    ),
    Group("Every service that speaks gRPC", Settings, ProcessSettings, "users, collection, query, control and pipe."),
    Group("users", UsersSettings, Settings),
    Group("collection", CollectionSettings, Settings),
    Group("query", QuerySettings, Settings),
    Group("control", ControlSettings, Settings),
    Group("pipe", PipeSettings, Settings),
    Group("sockets", SocketsSettings, ProcessSettings, "The WebSocket process; its image is called `authfe`."),
    Group("ui-server", UiSettings, ProcessSettings),
    Group("frontend", FrontendSettings, Telemetry, "The edge, as an image or as `python -m authfe.frontend`."),
    Group(
        "OpenTelemetry, at the edge and `make up`",
        Telemetry,
        BaseSettings,
        "Services read these and others by OpenTelemetry's own rules.",
    ),
    Group(
        "`make up`",
        Options,
        Telemetry,
        "As in `make up PORT=9090`, or in its environment. What holds a password belongs there: arguments are seen by\n"
        "everybody on the machine. It passes on what is above; unless told otherwise users has `SIGNUP=open`, and\n"
        "without `SMTP_URL` each mail is a file in `mail` of the data folder.",
    ),
)


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(map(_section, GROUPS))


def _section(group: Group) -> str:
    words = f"\n{group.words}\n" if group.words else ""
    return f"\n## {group.title}\n{words}\n{table(_COLUMNS, rows(group))}"


def rows(group: Group) -> list[Sequence[str]]:
    """Lines of variables that are said together: their names, what they are by default and may be, what they mean."""
    said = meanings(group.settings)
    fields = group.settings.model_fields
    own = [name for name in fields if name not in group.beside.model_fields]
    lines = ((f"`{name.upper()}`", (default(fields[name]), bounds(fields[name]), said[name])) for name in own)
    same = groupby(lines, key=lambda line: line[1])
    return [(", ".join(name for name, _ in alike), *rest) for rest, alike in same]


def meanings(settings: type[BaseSettings]) -> dict[str, str]:
    """What the comments above fields say; fields in consecutive lines share one."""
    said: dict[str, str] = {}
    for one in reversed(settings.__mro__):
        if issubclass(one, BaseSettings) and one is not BaseSettings:
            said |= dict(_commented(inspect.getsource(one)))
    return said


def _commented(source: str) -> Iterator[tuple[str, str]]:
    comment: list[str] = []
    ended = True
    for line in source.splitlines():
        if found := re.match(r"    #: (.*)", line):
            comment = [found[1]] if ended else [*comment, found[1]]
            ended = False
        elif found := re.match(r"    (\w+): ", line):
            yield found[1], " ".join(comment)
            ended = True
        elif not line.startswith("     ") and line != "    )":
            comment, ended = [], True


def default(field: FieldInfo) -> str:
    """What it is where nothing is said, in words."""
    if field.is_required():
        return "**needed**"
    value = field.default
    if value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Rate):
        return value.text
    if isinstance(value, Path):
        return f"`{value.relative_to(_ROOT) if value.is_absolute() else value}`"
    return _number(value) if isinstance(value, int | float) else f"`{value}`"


def _number(value: float) -> str:
    if value >= _MIB and value % _MIB == 0:
        return f"{int(value)} ({int(value) // _MIB} MiB)"
    return f"{value:.10g}"


def bounds(field: FieldInfo) -> str:
    """What it may be, as far as its type and its field say so."""
    choices = _choices(field.annotation)
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    if field.annotation is bool:
        return "0, 1"
    limits = [(words, getattr(limit, name, None)) for limit in field.metadata for name, words in _BOUNDS.items()]
    return ", ".join(f"{words} {_number(value)}" for words, value in limits if value is not None)


def _choices(annotation: Any) -> Sequence[str]:
    if get_origin(annotation) is Union:
        return [choice for part in get_args(annotation) if part is not NoneType for choice in _choices(part)]
    return get_args(annotation) if get_origin(annotation) is Literal else ()
