"""The commands about organizations."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.validation import validate
from scope.users.v1.administration_pb2 import (
    Limits,
    ListAllOrganizationsRequest,
    ManagedOrganization,
    Refusal,
    SetLimitsRequest,
    SetRefusalRequest,
)
from users import organizations as members_organizations
from users import paging
from users.administration import organizations
from users.cli.printing import day, print_count, print_message, print_table
from users.cli.program import DATA, DataOption, LimitOption, Output, OutputOption, in_transaction, pages, settings

app = typer.Typer(help="Find organizations, limit, refuse and delete them.", no_args_is_help=True)

OrganizationArgument = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="The organization's id.")]


class Part(StrEnum):
    """What an organization is refused."""

    ACCESS = "access"
    UPLOAD = "upload"


@app.command("list")
def list_(
    search: Annotated[str, typer.Option(help="Only those with this in their id or name.")] = "",
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were deleted, too.")] = False,
    limit: LimitOption = paging.SIZE,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """List organizations, by id.

    Example: `scope-users organizations list --search acme`
    """
    request = ListAllOrganizationsRequest(search=search, deleted=deleted)
    answer = pages(settings(data), output, organizations.listed, request, items="organizations", limit=limit)
    if output == Output.JSON:
        print_message(answer)
        return
    if answer.organizations:
        headings = ("ID", "NAME", "STATE", "MEMBERS", "TOKENS", "LAST REPORT")
        print_table(headings, map(_row, answer.organizations))
    print_count(len(answer.organizations), answer.total, "organizations")


@app.command()
def limits(
    organization: OrganizationArgument,
    probes: Annotated[int | None, typer.Option(help="How many probes may report.")] = None,
    reports_per_second: Annotated[int | None, typer.Option(help="How many reports a second.")] = None,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Give an organization limits of its own; what is not given is the deployment's again.

    Example: `scope-users organizations limits acme --probes 50`
    """
    request = SetLimitsRequest(id=organization, limits=Limits(probes=probes, reports_per_second=reports_per_second))

    async def work(session: AsyncSession) -> ManagedOrganization:
        validate(request)
        return await organizations.set_limits(session, request.id, request.limits)

    changed = in_transaction(settings(data), output, work)
    own = ", ".join(f"{value} {field.name.replace('_', ' ')}" for field, value in changed.limits.ListFields())
    _show(output, changed, f"has limits of its own: {own}" if own else "has the deployment's limits")


@app.command()
def refuse(
    organization: OrganizationArgument,
    reason: Annotated[str, typer.Option(help="Why, in words for those who are refused.")],
    only: Annotated[Part | None, typer.Option(help="Refuse only members access, or only probes.")] = None,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Refuse an organization's members, and its probes, with a reason; open streams end within seconds.

    Example: `scope-users organizations refuse acme --only upload --reason "the bill of May is not paid"`
    """
    refusal = Refusal(access=only != Part.UPLOAD, upload=only != Part.ACCESS, reason=reason)
    who = {None: "members and probes", Part.ACCESS: "members", Part.UPLOAD: "probes"}[only]
    _set_refusal(data, output, organization, refusal, f"is refused: {who}")


@app.command()
def allow(organization: OrganizationArgument, output: OutputOption = Output.TEXT, data: DataOption = DATA) -> None:
    """Refuse an organization nothing any more.

    Example: `scope-users organizations allow acme`
    """
    _set_refusal(data, output, organization, Refusal(), "is refused nothing")


@app.command()
def delete(
    organization: OrganizationArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: OutputOption = Output.TEXT,
    data: DataOption = DATA,
) -> None:
    """Delete an organization: nobody reaches it any more, and later what it reported is erased. Its id is never free.

    Example: `scope-users organizations delete acme`
    """
    if not yes:
        typer.confirm(f"Delete {organization}, its members, its tokens, and what it reported?", abort=True, err=True)

    async def work(session: AsyncSession) -> ManagedOrganization:
        found = await organizations.described(session, organization)
        await members_organizations.delete(session, found.internal_id, found.id)
        return await organizations.described(session, organization)

    _show(output, in_transaction(settings(data), output, work), "is deleted")


def _set_refusal(data: Path, output: Output, organization: str, refusal: Refusal, told: str) -> None:
    request = SetRefusalRequest(id=organization, refusal=refusal)

    async def work(session: AsyncSession) -> ManagedOrganization:
        validate(request)
        return await organizations.set_refusal(session, request.id, request.refusal)

    _show(output, in_transaction(settings(data), output, work), told)


def _show(output: Output, organization: ManagedOrganization, told: str) -> None:
    if output == Output.JSON:
        print_message(organization)
    else:
        typer.echo(f"{organization.id} {told}")


def _row(organization: ManagedOrganization) -> tuple[str, ...]:
    return (
        organization.id,
        organization.name,
        _state(organization),
        str(organization.members),
        str(organization.probe_tokens),
        day(organization.last_report),
    )


def _state(organization: ManagedOrganization) -> str:
    if organization.HasField("deleted"):
        return f"deleted {day(organization.deleted)}"
    refused = [part.value for part in Part if getattr(organization.refusal, part)]
    if refused:
        return f"refused {' and '.join(refused)}: {organization.refusal.reason}"
    return "limited" if organization.limits.ByteSize() else "well"
