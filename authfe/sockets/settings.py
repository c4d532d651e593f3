"""What sockets is told by its environment."""

from pydantic import Field, field_validator

from mesh.settings import ProcessSettings


class SocketsSettings(ProcessSettings):
    """Beside what every process is told."""

    #: Where the pipe service is, `HOST:PORT` of each replica, separated by commas: the first that answers is used. A
    #: name may stand for several, which take turns.
    pipe_address: str
    #: How many WebSockets may be open at once at each replica.
    sockets: int = Field(default=5_000, ge=1)

    @field_validator("pipe_address")
    @classmethod
    def _addresses(cls, value: str) -> str:
        if not all(address.rpartition(":")[2].isdigit() for address in value.split(",")):
            raise ValueError(f"is {value!r}, not HOST:PORT[,HOST:PORT...]")
        return value
