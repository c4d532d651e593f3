"""OpenTelemetry's own variables say whom the edge tells what it does."""

import pytest
from pydantic import ValidationError

from authfe.edge import Collector
from authfe.frontend.telemetry import Telemetry

ENDPOINT = "http://127.0.0.1:4317"


@pytest.mark.parametrize(
    ("variables", "collector"),
    [
        ({}, None),
        ({"endpoint": ENDPOINT}, Collector("127.0.0.1:4317", 1.0)),
        (
            {"endpoint": ENDPOINT, "sampler": "parentbased_traceidratio", "arg": "0.01"},
            Collector("127.0.0.1:4317", 0.01),
        ),
        ({"endpoint": ENDPOINT, "sampler": "always_off", "arg": "0.01"}, Collector("127.0.0.1:4317", 0.0)),
        ({"endpoint": ENDPOINT, "disabled": "true"}, None),
    ],
)
def test_the_collector(variables: dict[str, str], collector: Collector | None, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, variables)
    assert Telemetry().collector == collector


@pytest.mark.parametrize(
    "variables",
    [
        {"endpoint": "https://collector:4317"},
        {"endpoint": "collector:4317"},
        {"arg": "2"},
        {"arg": "all"},
        {"sampler": "often"},
        {"protocol": "http/protobuf"},
    ],
)
def test_what_cannot_be_is_refused(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, variables)
    with pytest.raises(ValidationError):
        Telemetry()


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    names = {
        "endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
        "sampler": "OTEL_TRACES_SAMPLER",
        "arg": "OTEL_TRACES_SAMPLER_ARG",
        "disabled": "OTEL_SDK_DISABLED",
        "protocol": "OTEL_EXPORTER_OTLP_PROTOCOL",
    }
    for variable, name in names.items():
        monkeypatch.delenv(name, raising=False)
        if variable in variables:
            monkeypatch.setenv(name, variables[variable])
