"""Whom the edge tells what it does, by OpenTelemetry's own variables; our services read those themselves."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from authfe.edge import Collector

#: Which part of the requests begins a trace, by the sampler's name without `parentbased_`; others have an argument.
_PARTS = {"always_on": 1.0, "always_off": 0.0}

_Sampler = Literal[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
]


class Telemetry(BaseSettings):
    """Each by the environment variable of its name in capitals."""

    #: Where the collector is, `http://HOST:PORT`; empty: nowhere.
    otel_exporter_otlp_endpoint: str = ""
    #: Which calls are traced that nobody traces yet.
    otel_traces_sampler: _Sampler = "parentbased_always_on"
    #: Which part of them, where the sampler is one that takes a part.
    otel_traces_sampler_arg: float = Field(1.0, ge=0, le=1)
    #: How the collector is spoken to.
    otel_exporter_otlp_protocol: Literal["grpc"] = "grpc"
    #: Tells nothing to a collector although there is one.
    otel_sdk_disabled: bool = False

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _in_clear(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme == "http" and parts.port):
            raise ValueError(f"{value!r} is no collector that the edge reaches; one is like http://127.0.0.1:4317")
        return value

    @property
    def collector(self) -> Collector | None:
        """The collector; None without one."""
        if self.otel_sdk_disabled or not self.otel_exporter_otlp_endpoint:
            return None
        sampler = self.otel_traces_sampler.removeprefix("parentbased_")
        sampled = _PARTS.get(sampler, self.otel_traces_sampler_arg)
        return Collector(urlsplit(self.otel_exporter_otlp_endpoint).netloc, sampled)
