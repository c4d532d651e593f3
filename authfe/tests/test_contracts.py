"""What the configuration takes from the contracts, and what is pinned."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api import annotations_pb2

from authfe.edge import Deployment, Tls, write
from authfe.edge.__main__ import DEFAULT
from authfe.edge.bindings import all_websockets, path_regex, routed
from authfe.edge.clusters import PAGES, SOCKETS
from authfe.edge.deployment import parse_address
from authfe.edge.routes import routes
from authfe.tests.running import validate
from mesh.access import rules
from mesh.contracts import rpcs
from scope.auth.v1.access_pb2 import Caller
from tests.certificates import Authority

ROOT = Path(__file__).parents[2]
REGENERATE = "the contracts or the edge changed: run `make gen` (python -m authfe.edge) and look at the difference"


def to_services() -> list[Any]:
    """The routes that lead to services, not to the pages."""
    return [route for route in routes(DEFAULT) if "route" in route and route["route"]["cluster"] != PAGES]


def outside(rpc: str) -> bool:
    return bool({rule.caller for rule in rules(rpc)} - {Caller.CALLER_SERVICE})


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to write to by relative paths, as the pinned configuration was."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["envoy.json", "contracts.binpb"])
def test_the_pinned_configuration_is_what_the_contracts_compile_to(here: Path, name: str) -> None:
    write(DEFAULT, Path("envoy"))
    assert (here / "envoy" / name).read_bytes() == (ROOT / "envoy" / name).read_bytes(), REGENERATE


def test_envoy_accepts_the_pinned_configuration() -> None:
    answer = validate(Path("envoy/envoy.json"), ROOT)
    assert answer.returncode == 0, answer.stderr


def test_envoy_accepts_addresses_of_every_kind(tmp_path: Path) -> None:
    clusters = {
        "users": ["127.0.0.1:1", "127.0.0.1:2"],
        "collection": ["[::1]:3"],
        "query": ["localhost:4", "[::1]:5"],
        "control": ["127.0.0.1:7", "[::1]:8"],
        "pipe": ["pipe:9"],
        SOCKETS: ["sockets:10", "127.0.0.1:10"],
        PAGES: ["[::1]:6"],
    }
    path = write(Deployment("[::1]:8080", tmp_path / "admin.sock", clusters), tmp_path)
    answer = validate(path)
    assert answer.returncode == 0, answer.stderr
    found = {one["name"]: one["type"] for one in json.loads(path.read_text())["static_resources"]["clusters"]}
    named = {name for name, kind in found.items() if kind == "STRICT_DNS"}
    assert named == {"query", "pipe", SOCKETS}


def test_envoy_accepts_tls_and_a_redirect_to_it(tmp_path: Path) -> None:
    served = Authority(tmp_path).certificate()
    tls = Tls(served.cert, served.key)
    path = write(Deployment("[::1]:8443", tmp_path / "a", DEFAULT.clusters, tls, "[::1]:8080"), tmp_path)
    answer = validate(path)
    assert answer.returncode == 0, answer.stderr


def test_exactly_the_rpcs_that_admit_somebody_outside_are_routed() -> None:
    expected = {rpc for rpc in rpcs() if outside(rpc)}
    assert expected
    assert {rpc.path for rpc in routed()} == expected
    assert {route["name"] for route in to_services()} == expected


def test_every_rest_binding_has_a_route() -> None:
    bound = {rpc for rpc, method in rpcs().items() if method.GetOptions().HasExtension(annotations_pb2.http)}
    rest = {route["name"] for route in to_services() if "grpc" not in route["match"]}
    websockets = {binding.rpc.path for binding in all_websockets()}
    assert rest == websockets | bound & {rpc for rpc in rpcs() if outside(rpc)}


def test_a_stream_is_never_timed_out_and_everything_else_is() -> None:
    for route in to_services():
        method = rpcs()[route["name"]]
        streaming = method.client_streaming or method.server_streaming
        assert (route["route"]["timeout"] == "0s") == streaming
        assert (route["route"].get("idle_timeout") == "0s") == streaming
        assert (route["route"].get("max_stream_duration") == {"max_stream_duration": "0s"}) == streaming


def test_every_route_to_a_service_is_guarded_and_names_its_rpc() -> None:
    for route in to_services():
        guard = route["typed_per_filter_config"]["envoy.filters.http.ext_authz"]
        assert guard["check_settings"]["context_extensions"] == {"rpc": route["name"]}


@pytest.mark.parametrize("template", ["/api/{name=**}", "/api/{name=a/*}", "/api/x:verb", "/api/*"])
def test_a_path_that_cannot_be_routed_faithfully_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="single-segment"):
        path_regex(template)


@pytest.mark.parametrize("text", ["", "host", "host:", ":80", "host:http", "host:0", "host:65536"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_address(text)


@pytest.mark.parametrize(
    ("clusters", "what"),
    [
        ({"users": ["a:1"], "query": ["a:1"]}, "collection has no address"),
        ({**DEFAULT.clusters, PAGES: []}, "ui-server has no address"),
        ({name: hosts for name, hosts in DEFAULT.clusters.items() if name != SOCKETS}, "sockets has no address"),
        ({**DEFAULT.clusters, "query": []}, "query has no address"),
        ({**DEFAULT.clusters, "querry": ["a:1"]}, "nothing is routed to querry"),
    ],
)
def test_a_deployment_that_does_not_fit_is_refused_and_nothing_written(
    tmp_path: Path, clusters: dict[str, list[str]], what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        write(Deployment("a:1", tmp_path / "admin.sock", clusters), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_told_is_written(tmp_path: Path) -> None:
    clusters = {**DEFAULT.clusters, "users": ["127.0.0.1:5", "127.0.0.1:6"], PAGES: ["127.0.0.1:7"]}
    tls = Tls(Path("/etc/c.pem"), Path("/etc/k.pem"))
    write(Deployment("127.0.0.1:1", Path("/tmp/a"), clusters, tls, "127.0.0.1:2"), tmp_path)
    strings = set(_strings(json.loads((tmp_path / "envoy.json").read_text())))
    assert {"/tmp/a", str(tmp_path / "contracts.binpb"), 1, 2, 5, 6, 7} <= strings
    assert {"/etc/c.pem", "/etc/k.pem"} <= set(_strings(json.loads((tmp_path / "certificate.json").read_text())))


def test_nobody_is_sent_to_tls_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="without TLS"):
        Deployment("127.0.0.1:1", Path("/tmp/a"), DEFAULT.clusters, redirect="127.0.0.1:2")


def _strings(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
        case _:
            yield value
