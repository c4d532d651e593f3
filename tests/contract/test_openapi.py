"""The OpenAPI document is a valid one, is whole, and says what the contracts say."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from openapi import rules
from openapi.comments import Comments
from openapi.schemas import Schemas
from openapi_spec_validator import OpenAPIV31SpecValidator

from authfe.edge.bindings import all_bindings
from mesh.access import rules as access_rules
from mesh.errors import DOMAIN
from scope.auth.v1.access_pb2 import Caller
from tests.contract.openapi import DOCUMENT, Operation, operations, references
from users.sessions import Cookie

A_DAY = timedelta(days=1)
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_it_is_valid_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_needs_nothing_from_elsewhere_and_holds_nothing_that_is_not_used() -> None:
    used = set(references(DOCUMENT["paths"]))
    waiting = list(used)
    while waiting:
        kind, name = waiting.pop().removeprefix("#/components/").split("/")
        new = set(references(DOCUMENT["components"][kind][name])) - used
        used |= new
        waiting.extend(new)
    assert used == {
        f"#/components/{kind}/{name}" for kind in ("schemas", "parameters") for name in DOCUMENT["components"][kind]
    }


def test_it_has_exactly_the_rest_bindings() -> None:
    described = {(operation.method, operation.path) for operation in operations()}
    assert described == {(binding.verb, binding.template.replace("=*", "")) for binding in all_bindings()}
    names = [operation.name for operation in operations()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
def test_each_operation_says_who_may_call(operation: Operation) -> None:
    service, _, method = operation.name.partition("_")
    [rpc] = [binding.rpc.path for binding in all_bindings() if binding.rpc.path.endswith(f".{service}/{method}")]
    admitted = access_rules(rpc)
    member = [rule for rule in admitted if rule.caller == Caller.CALLER_ORG_MEMBER]
    assert operation.public == any(rule.caller == Caller.CALLER_PUBLIC for rule in admitted)
    assert ("401" in operation.described["responses"]) != operation.public or operation.name == "SessionService_Login"
    assert ("org" in operation.parameters("query")) == ("x-scope-org" in operation.parameters("header")) == bool(member)
    for rule in member:
        assert rule.permission in operation.described["description"]
        assert ({"token": [rule.permission]} in operation.described["security"]) != rule.session


def test_sessions_are_in_the_cookies_that_users_sets() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert schemes["session"]["name"] == Cookie("https://scope.example", A_DAY).name
    assert schemes["sessionOverHttp"]["name"] == Cookie("http://127.0.0.1", A_DAY).name


def test_errors_are_ours() -> None:
    info = SCHEMAS["google.rpc.ErrorInfo"]["properties"]
    assert info["domain"]["const"] == DOMAIN
    assert "`NOT_FOUND`: There is no such thing" in info["reason"]["description"]


def test_json_is_what_proto3_makes_of_it() -> None:
    stored = SCHEMAS["scope.collection.v1.PublishDocumentResponse"]["properties"]
    assert (stored["epoch"]["type"], stored["number"]["type"]) == ("string", "integer")
    probe = SCHEMAS["scope.query.v1.ListProbesResponse"]
    assert probe["properties"]["lastSeen"]["format"] == "date-time"
    assert "lastSeen" not in probe["required"]
    assert "conflict" in probe["required"]
    assert SCHEMAS["scope.query.v1.GetTopologyResponse"]["properties"]["nodes"]["additionalProperties"] == {
        "$ref": "#/components/schemas/scope.query.v1.NodeSummary"
    }
    assert "node_count" in SCHEMAS["scope.query.v1.TopologyStats"]["properties"]
    assert "TOPOLOGY_HOST" in SCHEMAS["scope.report.v1.Topology"]["enum"]


def test_field_rules_are_bounds() -> None:
    token = SCHEMAS["scope.users.v1.CreateTokenRequest"]
    name = token["properties"]["name"]
    assert (name["minLength"], name["maxLength"], token["required"]) == (1, 100, ["name"])
    assert token["properties"]["kind"]["enum"] == ["", "api", "probe"]


@pytest.fixture
def field(request: pytest.FixtureRequest) -> Any:
    """A field with rules, of a contract of the test's own."""
    options = descriptor_pb2.FieldOptions()
    options.Extensions[rules.validate_pb2.field].CopyFrom(rules.validate_pb2.FieldRules(**request.param))
    file = descriptor_pb2.FileDescriptorProto(name="toy.proto", package="toy", syntax="proto3")
    field = file.message_type.add(name="Toy").field.add(
        name="field", number=1, type="TYPE_STRING", label="LABEL_REPEATED"
    )
    field.options.CopyFrom(options)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName("toy.Toy").fields_by_name["field"]


@pytest.mark.parametrize("field", [{"repeated": {"min_items": 1, "items": {"string": {"max_len": 5}}}}], indirect=True)
def test_rules_of_items_are_bounds_of_items(field: Any) -> None:
    schema = Schemas(Comments(descriptor_pb2.FileDescriptorSet()), ()).field(field)
    assert schema == {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 5}}
    assert rules.needed(field)


@pytest.mark.parametrize("field", [{"repeated": {"items": {"string": {"email": True}}}}], indirect=True)
def test_a_rule_that_the_generator_does_not_know_is_not_left_out(field: Any) -> None:
    with pytest.raises(ValueError, match=r"toy\.Toy\.field.*string\.email"):
        rules.keywords(field)
