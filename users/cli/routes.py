"""The command that says which replica holds what."""

import asyncio
from pathlib import Path
from typing import Annotated

import grpc
import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mesh.identity import service_metadata
from mesh.keyring import MeshKeys
from mesh.routes import RPC
from mesh.serve import users_channel
from scope.users.v1.service_pb2_grpc import ToolServiceStub
from scope.users.v1.tools_pb2 import ListRoutesRequest, ListRoutesResponse
from users.cli.printing import moment, print_message, print_table
from users.cli.program import DATA, DataOption, Output, OutputOption, fail, print_json

app = typer.Typer()

#: How long the users service may take, in seconds; it waits for a second itself.
_TIMEOUT = 10.0


class RoutesSettings(BaseSettings):
    """Where the users service is, and what it believes; see mesh.settings.Settings."""

    model_config = SettingsConfigDict(extra="ignore")

    users_address: str
    mesh_key_file: Path


@app.command()
def routes(
    search: Annotated[str, typer.Option(help="Only those with this in the id of the probe or the pipe.")] = "",
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Say which replica of control holds which probe, and which replicas of pipe hold the ends of which pipe.

    All replicas are asked, for a second: one that is not listed did not answer.
    """
    try:
        answer = asyncio.run(_asked(_settings(data), search))
    except grpc.aio.AioRpcError as error:
        words = error.details() or error.code().name
        if output == Output.JSON:
            print_json({"code": error.code().name, "message": words})
        fail(words)
    except (OSError, ValueError) as error:
        fail(f"MESH_KEY_FILE: {error}")
    if output == Output.JSON:
        print_message(answer)
    else:
        _show(answer)


async def _asked(settings: RoutesSettings, search: str) -> ListRoutesResponse:
    metadata = service_metadata(MeshKeys.read(settings.mesh_key_file), "scope-users", RPC)
    async with users_channel(settings.users_address) as channel:
        stub = ToolServiceStub(channel)
        answer: ListRoutesResponse = await stub.ListRoutes(
            ListRoutesRequest(search=search), metadata=metadata, timeout=_TIMEOUT
        )
    return answer


def _settings(data: Path) -> RoutesSettings:
    file = data / "users.env"
    try:
        return RoutesSettings(_env_file=file)
    except ValidationError:
        fail(
            f"no users service: USERS_ADDRESS and MESH_KEY_FILE are not set and not in {file}. Set them, or name the "
            "data folder of a running `make up` with --data or DATA"
        )


def _show(answer: ListRoutesResponse) -> None:
    replicas = ((one.service, one.name, one.listen, str(one.total)) for one in answer.replicas)
    print_table(("service", "replica", "serves on", "holds"), replicas)
    if answer.routes:
        typer.echo()
        headings = ("organization", "probe", "pipe", "end", "since", "service", "replica", "serves on")
        rows = (
            (
                *(one.organization, one.probe_id, one.pipe_id, one.end, moment(one.since)),
                *(one.service, one.replica, one.listen),
            )
            for one in answer.routes
        )
        print_table(headings, rows)
    if len(answer.routes) < answer.total:
        typer.echo(f"\n{len(answer.routes)} of {answer.total}; --search finds some")
