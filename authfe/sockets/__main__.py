"""Runs sockets: `python -m authfe.sockets`."""

from authfe.sockets.server import run
from authfe.sockets.settings import SocketsSettings

if __name__ == "__main__":
    run(SocketsSettings.read())
