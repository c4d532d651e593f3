"""`python -m authfe.edge` writes a configuration."""

from pathlib import Path
from typing import Annotated

import typer

from authfe.edge import Collector, Deployment, Tls, write

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


def _clusters(options: list[str]) -> dict[str, list[str]]:
    pairs = [option.partition("=") for option in options]
    return {name: [address for address in addresses.split(",") if address] for name, _, addresses in pairs}


app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("envoy"),
    listen: Annotated[str, typer.Option(help="host:port to serve on.")] = DEFAULT.listen,
    admin_socket: Annotated[Path, typer.Option(help="Unix socket of Envoy's administration.")] = DEFAULT.admin_socket,
    cluster: Annotated[
        list[str] | None, typer.Option(help="A service and its replicas, NAME=HOST:PORT[,HOST:PORT...]; repeatable.")
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(help="Certificate to serve TLS with, PEM, its chain included."),
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    redirect: Annotated[str, typer.Option(help="host:port where who comes without TLS is redirected.")] = "",
    collector: Annotated[str, typer.Option(help="host:port of an OpenTelemetry collector (OTLP over gRPC).")] = "",
    sampled: Annotated[float, typer.Option(help="Which part of the requests begins a trace, 0 to 1.")] = 1.0,
    trusted_hops: Annotated[int, typer.Option(help="How many proxies in front say whose request it is.")] = 0,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Whose pages may use the API, as https://app.example; repeatable.")
    ] = None,
    grafana: Annotated[str, typer.Option(help="host:port of a Grafana for administrators; empty for none.")] = "",
) -> None:
    """Writes envoy.json and the files that it reads."""
    addresses = {**DEFAULT.clusters, **_clusters(cluster or [])}
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    tls = Tls(tls_cert, tls_key) if tls_cert and tls_key else None
    try:
        telemetry = Collector(collector, sampled) if collector else None
        deployment = Deployment(
            listen=listen,
            admin_socket=admin_socket,
            clusters=addresses,
            tls=tls,
            redirect=redirect,
            collector=telemetry,
            trusted_hops=trusted_hops,
            cors_origins=cors_origin or [],
            grafana=grafana,
        )
        path = write(deployment, out)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(path)


if __name__ == "__main__":
    app()
