"""Terminals of this machine in a page: with what they end, and that what is pasted arrives."""

import asyncio
import hashlib
import os

import psutil
import pytest

from tests.e2e.client import Api, Mesh, wait_for
from tests.e2e.people import signed_in
from tests.e2e.sockets import Page, execute, page


async def process_shown(shown: Page) -> psutil.Process:
    await shown.until(b"\n")
    return psutil.Process(int(shown.shown.split(b"\n")[0]))


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.timeout(300)
async def test_what_runs_ends_with_the_session_that_opened_it_whether_or_not_a_page_is_there(
    mesh: Mesh, watched: bool
) -> None:
    person = await asyncio.to_thread(signed_in, mesh)
    # Others of these tests make more organizations for the same person.
    browser = person.with_headers(x_scope_org=mesh.local()["org"])
    pipe = await asyncio.to_thread(execute, browser, "echo $$; exec sleep 100000")
    async with page(browser, pipe) as shown:
        process = await process_shown(shown)
        if watched:
            await leave(mesh, browser)
            assert (await shown.over())["reason"] == "END_REASON_REVOKED"
    if not watched:
        await leave(mesh, browser)
    # Much sooner than anybody who is away would be given up.
    await asyncio.to_thread(wait_for, lambda: not process.is_running(), "the end of what ran", within=20)


async def leave(mesh: Mesh, browser: Api) -> None:
    answer = await asyncio.to_thread(browser.with_headers(origin=mesh.url).post, "/api/users/logout", {})
    assert answer.status == 200, answer


@pytest.mark.timeout(300)
async def test_ten_megabytes_that_are_pasted_arrive_whole(mesh: Mesh) -> None:
    pasted = os.urandom(10_000_000)
    pipe = await asyncio.to_thread(execute, mesh.api(), "head -c 10000000 | sha256sum")
    async with page(mesh.api(), pipe) as shown:
        await shown.type(pasted)
        await shown.over()
    assert shown.shown.split()[0].decode() == hashlib.sha256(pasted).hexdigest()
