"""What every process and every service is told by its environment."""

from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from mesh import replicas
from mesh.keyring import MeshKeys
from mesh.limits import REQUESTS_PER_CREDENTIAL


class EnvironmentSettings(BaseSettings):
    """Settings by the name of their environment variable in lower case; who is made of it adds its own."""

    @classmethod
    def read(cls) -> Self:
        """What the environment says; ends the process with a line for each variable that says something else."""
        try:
            return cls()
        except ValidationError as error:
            raise SystemExit("\n".join(map(_problem, error.errors()))) from None


class ProcessSettings(EnvironmentSettings):
    """What every process is told that serves."""

    #: Where it serves, `HOST:PORT`.
    listen: str
    #: Where Prometheus reads metrics, `HOST:PORT`; empty: nowhere.
    metrics_listen: str = ""
    #: How logs are written.
    log_format: Literal["json", "console"] = "json"
    #: The least severe level that is logged.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: How long work in flight may go on after SIGTERM, in seconds.
    drain_seconds: float = 10.0

    @field_validator("listen", "metrics_listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value and not value.rpartition(":")[2].isdigit():
            raise ValueError(f"is {value!r}, not HOST:PORT")
        return value


class Settings(ProcessSettings):
    """The same of a service, which calls others and is called, by gRPC."""

    #: The file with the deployment's mesh keys, each on its line: at least 32 bytes as hexadecimal text. The first
    #: makes tokens and seals, all verify. It is read again when it changes.
    mesh_key_file: Path
    #: Where the users service is: `HOST:PORT` of a name that stands for all replicas, or of each replica's numeric
    #: address, separated by commas.
    users_address: str
    #: Where the bus is, `nats://HOST:PORT` of each server that may be asked first, separated by commas.
    nats_url: str = ""
    #: The file with this service's nkey seed for the bus.
    nats_nkey_file: Path | None = None
    #: How many servers of the bus keep a copy of each stream and bucket: 3 of a cluster of three, which then loses none
    #: of them with one server. The bus refuses more than it has servers.
    nats_replicas: int = Field(default=1, ge=1, le=5)
    #: How many calls of one credential are worked on at once, streams of reports excepted; a watch counts as one.
    requests_per_credential: int = Field(default=REQUESTS_PER_CREDENTIAL, ge=1)

    @field_validator("users_address")
    @classmethod
    def _connected_to(cls, value: str) -> str:
        replicas.target(value)
        return value

    @cached_property
    def mesh_keys(self) -> MeshKeys:
        """The mesh keys: one object, for whoever holds it to see them change. Raises OSError or ValueError."""
        return MeshKeys.read(self.mesh_key_file)


def _problem(found: ErrorDetails) -> str:
    name = ".".join(str(part).upper() for part in found["loc"])
    message = found["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message  # what several say together names them itself
