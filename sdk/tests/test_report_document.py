import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given

from scope.report.v1.document_pb2 import Document, DocumentNode
from scope.report.v1.template_pb2 import RowTemplate, TopologyTemplates
from scope.report.v1.topology_pb2 import Topology
from scope_sdk import Builder, ReportError, ids
from scope_sdk.report import standard
from scope_sdk.report.encode import Encoder
from scope_sdk.report.templates import check_kind

from .strategies import builders, thorough

T = 1_700_000_000_000
HOST: dict[str, Any] = {"topology": "host", "id": "one;<host>", "label": "one"}
PROCESS: dict[str, Any] = {"topology": "process", "id": "one;1", "parents": ["one;<host>"]}


def load(**document: object) -> Builder:
    return Builder().load(json_format.Parse(json.dumps(document), Document()))


@thorough
@given(builders())
def test_a_document_says_all_that_a_builder_does(builder: Builder) -> None:
    for kind in {
        node.topology for node in builder.nodes.values()
    } & standard.STANDARD.keys() - builder.templates.keys():
        builder.template(standard.STANDARD[kind])
    text = json_format.MessageToJson(builder.document())
    loaded = Builder().load(json_format.Parse(text, Document()))
    assert loaded.document() == builder.document()
    one, other = Encoder(T).full(builder), Encoder(T).full(loaded)
    one.time_unix_ms = other.time_unix_ms  # of a report without samples it is the time of its making
    assert one.SerializeToString() == other.SerializeToString()


def test_a_document_as_people_write_it() -> None:
    builder = load(
        nodes=[
            HOST | {"attributes": {"os": "linux", "cores": 2, "nets": ["b", "a"]}, "metrics": {"load1": [[T, 0.5]]}},
            PROCESS | {"tables": {"env": {"rows": [{"id": "r", "cells": ["a", "b"]}]}}, "controls": ["stop"]},
        ],
        connections=[{"owner": "one;1", "local": "[::1]:80", "remote": "one;127.0.0.1:9", "incoming": True}],
        translations=[{"original": "10.0.0.1:80", "translated": "[fd00::1]:8080"}],
        names={"10.0.0.1": {"forward": ["web"]}},
    )
    assert builder.nodes["one;<host>"].metrics == {"load1": [(T, 0.5)]}
    assert builder.nodes["one;<host>"].attributes["cores"] == 2
    (connection,) = builder.connections
    assert connection.local == ("one;::1", 80)
    assert connection.remote == ("one;127.0.0.1", 9)
    assert builder.document().connections[0].local == "one;[::1]:80"


@pytest.mark.parametrize(
    ("place", "document"),
    [
        ("nodes[1].id: is the id of another", {"nodes": [HOST, HOST]}),
        ("nodes[0].topology: must be a kind", {"nodes": [HOST | {"topology": "HOST"}]}),
        ("nodes[0].id: must have the form NAME;<host>", {"nodes": [HOST | {"id": "one"}]}),
        ("nodes[0].id: must have the form HOST;PID", {"nodes": [PROCESS | {"id": ";1"}]}),
        ("nodes[0].id: must be printable", {"nodes": [HOST | {"id": "a\n;<host>"}]}),
        ("nodes[0].id: its host 'one;<host>' must be", {"nodes": [PROCESS | {"parents": []}]}),
        ("nodes[1].parents[0]: 'x' must be", {"nodes": [HOST, PROCESS | {"parents": ["x"]}]}),
        ("nodes[0].label: must have at most", {"nodes": [HOST | {"label": "x" * 2000}]}),
        ("nodes[0].attributes.os: must be a text", {"nodes": [HOST | {"attributes": {"os": True}}]}),
        ("nodes[0].attributes.os: must be a text", {"nodes": [HOST | {"attributes": {"os": [1]}}]}),
        ("nodes[0].attributes.os: must be a finite", {"nodes": [HOST | {"attributes": {"os": "NaN"}}]}),
        ("nodes[0].attributes: a key must not", {"nodes": [HOST | {"attributes": {"": "x"}}]}),
        ("nodes[0].metrics.load1[1]: must be [milli", {"nodes": [HOST | {"metrics": {"load1": [[T, 1], [T]]}}]}),
        ("nodes[0].metrics.load1[0]: must be [milli", {"nodes": [HOST | {"metrics": {"load1": [[T, "1"]]}}]}),
        ("nodes[0].metrics.load1[0]: its time", {"nodes": [HOST | {"metrics": {"load1": [[-1, 1]]}}]}),
        ("nodes[0].metrics.load1[0]: is too large", {"nodes": [HOST | {"metrics": {"load1": [[T, 1e39]]}}]}),
        ("nodes[0].maxima.load1: is too large", {"nodes": [HOST | {"maxima": {"load1": 1e39}}]}),
        (
            "nodes[0].tables.env.rows: each must",
            {"nodes": [HOST | {"tables": {"env": {"rows": [{"id": "r"}, {"id": "r"}]}}}]},
        ),
        ("connections[0].owner: must be", {"connections": [{"owner": "x"}]}),
        (
            "connections[0].local: must have the form",
            {"nodes": [HOST], "connections": [{"owner": "one;<host>", "local": "10.0.0.1"}]},
        ),
        (
            "connections[0].local: must have the form",
            {"nodes": [HOST], "connections": [{"owner": "one;<host>", "local": "10.0.0.1:99999"}]},
        ),
        (
            "connections[0].local: an IPv6",
            {"nodes": [HOST], "connections": [{"owner": "one;<host>", "local": "::1:80", "remote": "10.0.0.1:1"}]},
        ),
        (
            "connections[0].remote: must be an IP",
            {"nodes": [HOST], "connections": [{"owner": "one;<host>", "local": "10.0.0.1:1", "remote": "web:80"}]},
        ),
        (
            "translations[0].original: a loopback",
            {"translations": [{"original": "127.0.0.1:1", "translated": "10.0.0.1:1"}]},
        ),
        ("names.x.address: must be", {"names": {"x": {}}}),
        ("templates[0].topology: must be", {"templates": [{"rows": []}]}),
        ("templates[1].topology: must be another", {"templates": [{"topology": "TOPOLOGY_HOST"}] * 2}),
        ("templates[0].rows: each must", {"templates": [{"topology": "TOPOLOGY_HOST", "rows": [{}]}]}),
        ("plugins[0].id: a key must not", {"plugins": [{}]}),
    ],
)
def test_what_is_wrong_is_named_by_its_place(place: str, document: dict[str, Any]) -> None:
    if "finite" in place:
        made = json_format.Parse(json.dumps(document), Document())
        made.nodes[0].attributes["os"].number_value = float("nan")
        with pytest.raises(ReportError) as raised:
            Builder().load(made)
    else:
        with pytest.raises(ReportError) as raised:
            load(**document)
    assert str(raised.value).startswith(place)


def test_an_error_does_not_repeat_what_is_long() -> None:
    with pytest.raises(ReportError) as raised:
        load(nodes=[HOST, PROCESS | {"parents": ["x" * 100_000]}])
    assert len(str(raised.value)) < 200


def test_a_builder_keeps_what_it_had_when_it_refuses_something() -> None:
    builder = load(nodes=[HOST])
    before = builder.document()
    with pytest.raises(ReportError, match=r"^local"):
        builder.connect(ids.host_id("one"), ("nowhere", 1), ("10.0.0.1", 1))
    with pytest.raises(ReportError, match=r"^count"):
        builder.connect(ids.host_id("one"), ("10.0.0.1", 1), ("10.0.0.2", 1), times=0)
    assert builder.document() == before


def test_usual_kinds_are_declared_as_usual_unless_the_document_declares_them() -> None:
    own = TopologyTemplates(topology=Topology.TOPOLOGY_HOST, rows=[RowTemplate(id="rack", label="Rack")])
    nodes = [DocumentNode(topology="host", id="box;<host>"), DocumentNode(topology="overlay", id="#peer")]
    usual = Builder().template(standard.HOST).templates
    apart = [DocumentNode(topology="host", id="rack;<host>")]
    assert Builder().load(Document(nodes=nodes, templates=[own])).load(Document(nodes=apart, templates=[own])).templates
    assert Builder().load(Document(nodes=nodes)).templates == usual
    assert Builder().load(Document(nodes=nodes, templates=[own])).templates == Builder().template(own).templates


def test_every_usual_declaration_can_be_part_of_a_report() -> None:
    for kind in standard.STANDARD.values():
        check_kind(kind)


def test_what_may_hold_secrets_is_declared_as_sensitive() -> None:
    kinds = standard.STANDARD.values()
    assert {row.id for kind in kinds for row in kind.rows if row.sensitive} == {"cmdline", "docker_container_command"}
    assert {table.id for kind in kinds for table in kind.tables if table.sensitive} == {"docker_env_"}


def test_a_control_is_written_with_its_permission_and_what_it_can_be_told() -> None:
    argument = {"name": "to", "label": "To", "choices": ["a", "b"], "defaultValue": "a"}
    control = {"id": "move", "permission": "container.stop", "arguments": [argument]}
    builder = load(templates=[{"topology": "TOPOLOGY_HOST", "controls": [control]}])
    (written,) = json_format.MessageToDict(builder.document())["templates"]
    assert written["controls"] == [control]
