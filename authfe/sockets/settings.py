"""What sockets is told by its environment."""

from mesh.settings import ProcessSettings


class SocketsSettings(ProcessSettings):
    """Beside what every process is told."""

    #: Where the pipe service is, `HOST:PORT` of each replica, separated by commas; the first that answers is used.
    pipe_address: str
