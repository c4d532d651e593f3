"""`python -m authfe.edge` writes the configuration that is kept in `envoy/`, by which changes of it are seen."""

from pathlib import Path

from authfe.edge import Deployment, write

DEFAULT = Deployment(
    listen="0.0.0.0:8080",
    admin_socket=Path("/run/envoy/admin.sock"),
    clusters={
        "users": ["users:50051"],
        "collection": ["collection:50051"],
        "query": ["query:50051"],
        "control": ["control:50051"],
        "pipe": ["pipe:50051"],
        "sockets": ["sockets:8080"],
        "ui-server": ["ui-server:8080"],
    },
)

if __name__ == "__main__":
    write(DEFAULT, Path("envoy"))
