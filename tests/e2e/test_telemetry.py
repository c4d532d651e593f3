"""A report can be followed from the edge to the event that tells of it, by one id, without saying whose it is."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from docs.tables.telemetry import entries
from scope_sdk import Builder, NodeFacts, Publisher, Service, Topology, ids
from tests.e2e.client import Mesh, wait_for
from tests.e2e.collector import Collector, Span, collecting
from tests.e2e.documents import two_processes

PUBLISH = "scope.collection.v1.CollectionService/Publish"
DOCUMENT = "scope.collection.v1.CollectionService/PublishDocument"
CHECK = "envoy.service.auth.v3.Authorization/Check"
#: Soon enough for a test.
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_METRIC_EXPORT_INTERVAL": "500"}


@dataclass
class Watched:
    """A mesh, and the collector that it tells what it does."""

    mesh: Mesh
    collector: Collector

    def span(self, service: str, name: str, **wanted: object) -> Span:
        """The first span like this; waits for it."""

        def find() -> Span | None:
            alike = (one for one in list(self.collector.spans) if (one.service, one.name) == (service, name))
            return next((one for one in alike if all(getattr(one, key) == wanted[key] for key in wanted)), None)

        return wait_for(find, f"{name} of {service} {wanted}")

    def lines(self, name: str, trace: str) -> list[dict[str, Any]]:
        """The lines of a process's log that belong to a trace."""
        lines = (self.mesh.data / "logs" / f"{name}-0.log").read_text().splitlines()
        return [json.loads(line) for line in lines if trace in line]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    port = free_ports(1)[0]
    data = tmp_path_factory.mktemp("watched") / "data"
    with collecting(port) as collector:
        endpoint = f"http://127.0.0.1:{port}"
        mesh = Mesh(data, free_ports(1)[0], PROBE="0", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **OFTEN)
        mesh.start()
        yield Watched(mesh, collector)
        assert mesh.stop() == 0
        postgres.remove(data / "postgres")


def report(watched: Watched, trace: str, *, sampled: bool) -> None:
    """Sends a report as a caller who is tracing, and waits for the event that tells of it."""
    host = secrets.token_hex(4)
    flags = "01" if sampled else "00"
    probe = watched.mesh.anybody().bearer(watched.mesh.local()["service_token"])
    sender = probe.with_headers(traceparent=f"00-{trace}-{'ab' * 8}-{flags}")
    with watched.mesh.api().watch("hosts") as events:
        assert next(events).kind == "reset"
        wait_for(lambda: sender.post("/api/report", two_processes(host)).status == 200, "taken")
        assert any(node["id"] == f"{host};<host>" for event in events for node in event.data["add"])


def test_a_report_is_in_one_trace_from_the_edge_to_the_event(watched: Watched) -> None:
    trace = secrets.token_hex(16)
    report(watched, trace, sampled=True)
    edge = watched.span("edge", f"/{DOCUMENT}", trace=trace, parent="ab" * 8)
    onward = watched.span("edge", f"/{DOCUMENT}", trace=trace, parent=edge.id)
    called = watched.span("collection", DOCUMENT, trace=trace, parent=onward.id)
    append = watched.span("collection", "report append", trace=trace, parent=called.id)
    taken = watched.span("query", "report apply", trace=trace, parent=append.id)
    watched.span("query", "report event", trace=trace, parent=taken.id)
    asking = watched.span("edge", "async envoy.service.auth.v3.Authorization.Check egress", trace=trace, parent=edge.id)
    watched.span("users", CHECK, trace=trace, parent=asking.id)


def test_logs_are_joined_by_the_trace_sampled_or_not(watched: Watched) -> None:
    for sampled in (True, False):
        trace = secrets.token_hex(16)
        report(watched, trace, sampled=sampled)
        (line,) = wait_for(lambda trace=trace: watched.lines("collection", trace), "the call in collection's log")
        assert (line["rpc"], line["trace_id"]) == (f"/{DOCUMENT}", trace)
        (line,) = wait_for(lambda trace=trace: watched.lines("envoy", trace), "the request in Envoy's log")
        assert (line["path"], line["trace_id"]) == ("/api/report", trace)
        wait_for(lambda trace=trace: trace in watched.collector.logged, "the request at the collector")
    later = secrets.token_hex(16)
    report(watched, later, sampled=True)
    watched.span("query", "report event", trace=later)
    assert trace not in {span.trace for span in watched.collector.spans}


async def test_the_first_report_of_a_stream_is_in_its_trace_and_others_have_their_own(
    watched: Watched, tmp_path: Path
) -> None:
    service = Service(watched.mesh.url.removeprefix("http://"), watched.mesh.local()["service_token"], plaintext=True)
    async with Publisher(service, tmp_path) as publisher:
        for load in range(3):
            host = NodeFacts(Topology.TOPOLOGY_HOST, ids.host_id("streaming"), "streaming", attributes={"load": load})
            async with asyncio.timeout(90):
                assert await publisher.publish(Builder().add(host))
    await asyncio.to_thread(_check_stream, watched)


def _check_stream(watched: Watched) -> None:
    stream = watched.span("collection", PUBLISH)
    first = watched.span("collection", "report", trace=stream.trace, parent=stream.id)
    append = watched.span("collection", "report append", trace=stream.trace, parent=first.id)
    watched.span("query", "report apply", trace=stream.trace, parent=append.id)
    watched.span("edge", f"/{PUBLISH}", trace=stream.trace, parent="")
    later = watched.span("collection", "report", parent="", links=(stream.trace,))
    assert later.trace != stream.trace

    def own() -> list[Span]:
        return [one for one in list(watched.collector.spans) if one.name == "report" and one.parent == ""]

    wait_for(lambda: len(own()) > 1, "a report of its own for each but the first")
    assert len({one.trace for one in own()}) == len(own()) == 2


def test_metrics_arrive_and_each_is_on_the_page(watched: Watched) -> None:
    report(watched, secrets.token_hex(16), sampled=True)
    assert watched.mesh.api().post("/api/control/nobody/node/control", {}).status == 503
    measured = watched.collector.metrics
    wanted = {
        "users": {"scope_checks", "scope_credential_lookups", "scope_database_connections"},
        "collection": {"scope_reports_received", "scope_reports_acknowledged", "scope_append_duration"},
        "query": {"scope_reports_applied", "scope_log_lag", "scope_join_duration", "scope_events_sent"},
        "control": {"scope_probe_streams", "scope_controls_dispatched"},
    }
    wait_for(lambda: all(wanted[name] <= measured.get(name, {}).keys() for name in wanted), "the services' metrics")
    wait_for(lambda: any(name.startswith("envoy.") for name in measured.get("edge", ())), "Envoy's metrics")
    for service in wanted:
        (process,) = watched.mesh.processes(service)
        with urlopen(process["metrics"], timeout=60) as page:
            assert "rpc_server_call_duration_seconds_count" in page.read().decode()
        for name, labels in list(measured[service].items()):
            assert labels <= set(entries()[name].labels), name


def test_nothing_that_is_sent_says_whose_it_is(watched: Watched) -> None:
    api = watched.mesh.api()
    assert api.with_headers(cookie="scope=a-cookie").get("/api/topology/hosts?org=local").status == 200
    assert api.get("/api/topology/hosts/a-node%3B%3Chost%3E").status == 404
    trace = secrets.token_hex(16)
    report(watched, trace, sampled=True)
    watched.span("query", "report event", trace=trace)
    wait_for(lambda: trace in watched.collector.logged, "the request at the collector")
    local = watched.mesh.local()
    (request,) = wait_for(lambda: watched.lines("envoy", trace), "the request in Envoy's log")
    user = api.get("/api/users/lookup").json()["id"]
    whose = [local["api_token"], local["service_token"], request["org"], user, "a-cookie", "a-node", "org=local"]
    said = "\n".join(watched.collector.texts)
    assert len(request["org"]) == 32
    assert [one for one in whose if one in said] == []
