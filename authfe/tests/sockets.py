"""The real sockets, before any pipe service."""

import sys
from collections.abc import Sequence
from pathlib import Path

from authfe.tests.pages import ROOT
from authfe.tests.standins import free_port
from deploy.local.command import Command, accepts, plain_environment
from deploy.local.running import Running

#: The headers that ask for a WebSocket.
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}


class SocketsServer(Running):
    """One that bridges to the pipe services at these addresses; it writes its log into the folder."""

    def __init__(self, pipes: Sequence[str], folder: Path, **settings: str) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        super().__init__(
            Command(
                name="sockets",
                argv=[sys.executable, "-m", "authfe.sockets"],
                ready=lambda: accepts(self.port),
                environment={
                    **plain_environment(),
                    "LISTEN": self.address,
                    "METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}",
                    "PIPE_ADDRESS": ",".join(pipes),
                    **settings,
                },
                folder=ROOT,
            ),
            folder / f"sockets-{self.port}.log",
        )

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"127.0.0.1:{self.port}"
