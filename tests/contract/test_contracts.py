"""What every contract owes: a comment, an access rule, field rules, a REST binding, or a reason why not."""

import re
from collections.abc import Iterator
from pathlib import Path

import generate
import pytest
from buf.validate import validate_pb2
from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from openapi.comments import Comments
from openapi.errors import Errors
from openapi.schemas import reachable

from mesh.access import rules
from mesh.contracts import rpcs
from scope.auth.v1.access_pb2 import Caller
from scope.errors.v1.errors_pb2 import Reason

ROOT = Path(__file__).parents[2]
IGNORED = validate_pb2.Ignore.IGNORE_ALWAYS
BOOLEAN = FieldDescriptor.TYPE_BOOL

_BY_HAND = (
    "read on its way, and checked by collection: rules for each report would take several times what the rest does"
)
_TIME = "what is a time says Timestamp itself"
_ON_A_STREAM = "read on a stream, whose messages control checks by hand"
_TOGETHER = "what counts is how large all are together, which control checks"
_PASSED_ON = "passed on as it is; whoever receives it makes the best of any value, and bounds what it keeps"

#: The fields of requests that have no rule, and why.
WITHOUT_RULES = {
    "scope.collection.v1.PublishRequest.report": _BY_HAND,
    "scope.collection.v1.PublishRequest.version": _BY_HAND,
    "scope.collection.v1.PublishRequest.dropped": "any number may be",
    "google.protobuf.Timestamp.seconds": _TIME,
    "google.protobuf.Timestamp.nanos": _TIME,
    "scope.control.v1.InvokeRequest.ArgumentsEntry.key": _TOGETHER,
    "scope.control.v1.InvokeRequest.ArgumentsEntry.value": _TOGETHER,
    **dict.fromkeys(
        (
            f"scope.control.v1.{field}"
            for field in (
                *("Hello.version", "Offer.control", "Offer.permission"),
                *("Answer.call", "Answer.refused", "Done.value", "Done.removed_node"),
            )
        ),
        _ON_A_STREAM,
    ),
    **dict.fromkeys(
        (
            f"scope.pipe.v1.{field}"
            for field in (
                *("Data.offset", "Data.content", "Ack.received", "Rewind.received", "Sent.sent"),
                *("Resize.width", "Resize.height"),
                *("End.reason", "End.message", "End.exit_status", "End.sent"),
            )
        ),
        _PASSED_ON,
    ),
}

_TYPED = "its answers are for generated clients; browsers read the rendering twin"
_INTERNAL = "for the other services alone"
_BOTH_WAYS = "a stream in both directions"

#: The RPCs that REST does not reach, and why.
WITHOUT_REST = {
    "/scope.collection.v1.CollectionService/Publish": _BOTH_WAYS,
    "/scope.control.v1.ControlService/Connect": _BOTH_WAYS,
    "/scope.pipe.v1.PipeService/Attach": f"{_BOTH_WAYS}; browsers have a WebSocket",
    "/scope.query.v1.QueryService/GetTopology": _TYPED,
    "/scope.query.v1.QueryService/GetNode": _TYPED,
    "/scope.query.v1.QueryService/WatchTopology": _TYPED,
    "/scope.users.v1.IdentityService/ListKeys": _INTERNAL,
    "/scope.users.v1.IdentityService/Renew": _INTERNAL,
}


@pytest.fixture(scope="module")
def comments() -> Comments:
    """The comments of the contracts as they are now."""
    generate.BUILD.mkdir(exist_ok=True)
    generate.write_dependencies()
    generate.write_image()
    return Comments(FileDescriptorSet.FromString(generate.IMAGE.read_bytes()))


def test_every_rpc_says_what_it_does(comments: Comments) -> None:
    mute = [rpc for rpc, method in rpcs().items() if not comments.of(method.full_name).endswith((".", ")"))]
    assert mute == []


def test_every_rpc_states_a_rule_and_every_rule_about_an_organization_a_permission() -> None:
    for rpc in rpcs():
        assert rules(rpc), f"{rpc} admits nobody: give it a scope.auth.v1.access option"
        for rule in rules(rpc):
            assert rule.caller != Caller.CALLER_UNSPECIFIED
            in_one = rule.caller in (Caller.CALLER_ORG_MEMBER, Caller.CALLER_PROBE)
            assert bool(rule.permission) == in_one, rpc


def test_every_field_of_a_request_has_a_rule_or_a_reason() -> None:
    ruleless = {field.full_name for method in rpcs().values() for field in _ruleless(method.input_type)}
    assert ruleless == set(WITHOUT_RULES)


def test_every_rpc_has_a_rest_binding_or_a_reason() -> None:
    unbound = {rpc for rpc, method in rpcs().items() if not method.GetOptions().HasExtension(annotations_pb2.http)}
    assert unbound == set(WITHOUT_REST)


def test_everything_that_rpcs_take_and_answer_says_what_it_is(comments: Comments) -> None:
    kinds = [part for method in rpcs().values() for part in (*_parts(method.input_type), *_parts(method.output_type))]
    named = {kind.full_name for kind in kinds} | {field.full_name for kind in kinds for field in kind.fields}
    assert [name for name in sorted(named) if not comments.of(name)] == []


def test_every_reason_says_what_it_means_and_which_code_it_goes_with(comments: Comments) -> None:
    # Making the errors fails where a comment does not end with a code.
    described = Errors(comments).schemas()["google.rpc.ErrorInfo"]["properties"]["reason"]["description"]
    assert set(re.findall(r"^- `([A-Z_]+)`", described, re.MULTILINE)) == {
        name.removeprefix("REASON_") for name, number in Reason.items() if number
    }


@pytest.mark.parametrize("named", ["NOT_FOUND (NO_SUCH_REASON)", "NOT_FOUND (LOG_FULL)"])
def test_a_comment_that_names_a_reason_wrongly_is_refused(comments: Comments, named: str) -> None:
    with pytest.raises(ValueError, match="no such reason of that code"):
        Errors(comments).responses((), f"Refuses what is not there with {named}.")


def test_every_reason_is_given_somewhere() -> None:
    packages = ("mesh", "users", "collection", "query", "control", "pipe", "authfe")
    sources = [path for package in packages for path in (ROOT / package).rglob("*.py") if "tests" not in path.parts]
    code = "\n".join(path.read_text() for path in sources)
    unused = [
        name
        for name, number in Reason.items()
        if number and not re.search(rf"\b{name}\b|[\"']{name.removeprefix('REASON_')}[\"']", code)
    ]
    assert unused == []


def _ruleless(message: Descriptor) -> Iterator[FieldDescriptor]:
    """The fields of a request, and of the messages it is made of, without a rule; either value of a boolean is good."""
    for field in message.fields:
        said = field.GetOptions().Extensions[validate_pb2.field]
        if said.ignore == IGNORED:
            continue
        if not (said.WhichOneof("type") or said.required or field.message_type or field.type == BOOLEAN):
            yield field
        if field.message_type is not None:
            yield from _ruleless(field.message_type)


def _parts(message: Descriptor) -> Iterator[Descriptor]:
    """A message and what it is made of, as far as it is ours."""
    return (part for part in reachable(message) if part.full_name.startswith("scope."))
