"""`scope control`: doing something to a node."""

import json
from collections.abc import Callable, Sequence

from google.protobuf import json_format

from scope.query.v1.node_pb2 import NodeControl, NodeControlArgument, NodeDetails
from scope_probe.client import names, session
from scope_probe.client.failures import Failure, Status
from scope_probe.client.link import Link, connected
from scope_probe.client.words import clean, columns
from scope_sdk import Service

Ask = Callable[[str], bool]
"""Whether somebody agrees, now or beforehand, to what a control asks."""


async def show(service: Service, node: str, topology: str, *, as_json: bool) -> None:
    """Prints what can be done to a node."""
    async with connected(service) as link:
        controls = (await _node(link, node, topology)).controls
    if as_json:
        told = [json_format.MessageToDict(one, always_print_fields_with_no_presence=True) for one in controls]
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    rows = [(one.id, one.human, one.permission, " ".join(map(_argument, one.arguments))) for one in controls]
    titles = ("control", "what it does", "permission", "arguments")
    print("\n".join(columns(titles, [[*map(clean, row)] for row in rows])))


async def act(
    service: Service, node: str, topology: str, control: str, told: Sequence[str], *, ask: Ask, as_json: bool
) -> int:
    """Does something to a node, prints the answer, and copies what it streams; the exit status."""
    arguments = names.arguments(told)
    async with connected(service) as link:
        chosen = _chosen(await _node(link, node, topology), control)
        if chosen.confirmation and not ask(clean(chosen.confirmation)):
            return Status.DECLINED
        answer = await link.invoke(chosen, arguments)
        if answer.pipe:
            typed = answer.raw_tty and not answer.read_only
            async with link.attach(answer.pipe) as pipe:
                return await session.run(pipe, raw=typed and session.is_terminal(), typed=typed)
    if as_json:
        answered = json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)
        print(json.dumps(answered, ensure_ascii=False))
    elif answer.value:
        print("\n".join(map(clean, answer.value.splitlines())))
    return 0


async def _node(link: Link, name: str, topology: str) -> NodeDetails:
    """The node, which offers something to do. Raises Failure where it does not."""
    named = await names.locate(link, name, topology)
    details = await link.node(named.topology, named.id)
    if not details.controls:
        why = "its probe was not heard of lately, or lets nobody use any (--no-controls)"
        raise Failure(Status.UNAVAILABLE, f"'{clean(details.label)}' offers no controls: {why}")
    return details


def _chosen(node: NodeDetails, control: str) -> NodeControl:
    """The control of this id, or of this name; of several probes' the first."""
    for one in node.controls:
        if control == one.id or control.lower() == one.human.lower():
            return one
    there = ", ".join(f"{clean(one.id)} ({clean(one.human)})" for one in node.controls)
    raise Failure(Status.USAGE, f"'{clean(node.label)}' has no control '{clean(control)}' now; it has {there}")


def _argument(argument: NodeControlArgument) -> str:
    choices = "|".join(argument.choices) or "..."
    return f"{argument.name}={choices}" + (f" ({argument.default_value})" if argument.default_value else "")
