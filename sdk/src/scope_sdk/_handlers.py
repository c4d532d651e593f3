"""What a control's function takes and gives, and how what it is told becomes its arguments."""

from __future__ import annotations

import enum
import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scope.report.v1.template_pb2 import ArgumentTemplate
from scope_sdk.pipes import Ended, Pipe
from scope_sdk.report.limits import ARGUMENTS

_BOOLEANS = {"true": True, "false": False}
_KINDS: Mapping[type, str] = {int: "a whole number", float: "a number", str: "a text"}


class ControlError(Exception):
    """A control refuses, or failed; the words are for the person who called it."""


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody wants done.

    Attributes:
        id: the call's own id.
        node_id: the node that it is to be done to.
        control: the control's id.
        arguments: what they told it, as texts by name.
        timeout: for how many seconds they wait.
        read_only: whether whoever called may only read from the pipe that the call opens.
    """

    id: str
    node_id: str
    control: str
    arguments: Mapping[str, str]
    timeout: float
    read_only: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """It was done, and the node of this id is no longer there."""

    node_id: str


Session = Callable[[Pipe], Awaitable[Ended]]
"""Serves the probe's end of a pipe until it is through, and says how it ended.

It starts when the call is answered and the pipe attached, so whatever it holds it should take itself; it is cancelled
when the pipe ends first.
"""


@dataclass(frozen=True, slots=True)
class Terminal:
    """It opens a pipe whose bytes are a terminal's."""

    session: Session


@dataclass(frozen=True, slots=True)
class Stream:
    """It opens a pipe whose bytes are plain text, as a log is."""

    session: Session


Result = Removed | Terminal | Stream | str | None
"""What a control's function may give: nothing, words for the person who called, or one of these."""

Function = Callable[..., Awaitable[Result]]
"""`async def restart(node_id: str, *, timeout: int = 10) -> str | None`."""


@dataclass(frozen=True, slots=True)
class _Argument:
    """One keyword argument of a function."""

    name: str
    kind: Any
    default: Any

    def template(self) -> ArgumentTemplate:
        """How it is asked for."""
        label = self.name.replace("_", " ").capitalize()
        default = "" if self.default is inspect.Parameter.empty else _text(self.default)
        return ArgumentTemplate(name=self.name, label=label, choices=_choices(self.kind), default_value=default)

    def parse(self, told: str | None) -> Any:
        """Its value. Raises ControlError where it is none, or missing."""
        if told is None:
            if self.default is inspect.Parameter.empty:
                raise ControlError(f"the argument {self.name} is missing")
            return self.default
        choices = _values(self.kind)
        if choices:
            if told not in choices:
                raise ControlError(f"the argument {self.name} must be one of {', '.join(choices)}")
            return choices[told]
        try:
            return self.kind(told)
        except ValueError:
            raise ControlError(f"the argument {self.name} must be {_KINDS[self.kind]}") from None


class Handler:
    """A control's function, and what its signature says about its arguments.

    Raises TypeError where the function cannot be one: it must be asynchronous, take the node's id, and otherwise only
    keyword arguments of the types str, int, float, bool, Literal or Enum, and `call`.
    """

    def __init__(self, function: Function) -> None:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"{function!r} must be an `async def`")
        hints = typing.get_type_hints(function)
        _, *others = inspect.signature(function).parameters.values()
        for parameter in others:
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                raise TypeError(f"{parameter.name} of {function!r} must be a keyword argument (after a `*`)")
        self._function = function
        self._wants_call = any(parameter.name == "call" for parameter in others)
        self._arguments = {
            parameter.name: _Argument(parameter.name, _kind(function, parameter.name, hints), parameter.default)
            for parameter in others
            if parameter.name != "call"
        }
        if len(self._arguments) > ARGUMENTS:
            raise TypeError(f"{function!r} must have at most {ARGUMENTS} arguments")

    def templates(self) -> list[ArgumentTemplate]:
        """How its arguments are asked for."""
        return [argument.template() for argument in self._arguments.values()]

    async def __call__(self, call: Call) -> Result:
        """Does it. Raises ControlError where what it is told is wrong."""
        unknown = sorted(call.arguments.keys() - self._arguments.keys())
        if unknown:
            raise ControlError(f"there is no argument {unknown[0]:.80}")
        arguments = {name: argument.parse(call.arguments.get(name)) for name, argument in self._arguments.items()}
        if self._wants_call:
            arguments["call"] = call
        return await self._function(call.node_id, **arguments)


def _kind(function: Function, name: str, hints: Mapping[str, Any]) -> Any:
    kind = hints.get(name)
    if kind in _KINDS or _values(kind):
        return kind
    raise TypeError(f"{name} of {function!r} must be a str, int, float, bool, Literal or Enum")


def _values(kind: Any) -> Mapping[str, Any]:
    """What an argument of this kind may be told, and what that means; empty where it may be told anything."""
    if kind is bool:
        return _BOOLEANS
    if typing.get_origin(kind) is Literal:
        return {_text(value): value for value in typing.get_args(kind)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {_text(member): member for member in kind}
    return {}


def _choices(kind: Any) -> list[str]:
    return list(_values(kind))


def _text(value: object) -> str:
    if isinstance(value, enum.Enum):
        value = value.value
    return str(value).lower() if isinstance(value, bool) else str(value)
