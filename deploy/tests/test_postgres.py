"""PostgreSQL from its wheel: who may connect, and that no way of dying keeps it from starting again."""

import asyncio
import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from deploy.local.running import Running
from deploy.local.supervised import Supervised
from deploy.secrets import credentials

pytestmark = pytest.mark.integration


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[postgres.Cluster]:
    folder = tmp_path / ("a long name with spaces " * 6).strip() / "postgres"
    made = postgres.Cluster(folder=folder, port=free_ports(1)[0], password=credentials.password(), durable=False)
    yield made
    postgres.remove(made.folder)


def start(cluster: postgres.Cluster) -> Running:
    server = Running(postgres.prepare(cluster), cluster.folder.parent / "log")
    server.start()
    return server


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def test_a_fresh_database_per_test(postgres_url: str) -> None:
    assert ask(postgres_url, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'") == 0
    assert ask(postgres_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_wrong_passwords_and_other_roles_are_refused(postgres_cluster: postgres.Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(replace(postgres_cluster, password="guessed").url())
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(postgres_cluster.url().replace("//scope:", "//postgres:"))


def test_data_outlives_a_stop_and_a_kill(cluster: postgres.Cluster) -> None:
    server = start(cluster)
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE kept (value int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    server.stop()
    server = start(cluster)
    assert ask(cluster.url(), "SELECT value FROM kept") == 7
    with psycopg.connect(cluster.url()):
        server.kill()
        server = start(cluster)
    assert ask(cluster.url(), "SELECT value FROM kept") == 7
    server.stop()
    assert not (cluster.folder / "data" / "postmaster.pid").exists()


def test_a_lock_file_with_the_pid_of_another_process_is_no_obstacle(cluster: postgres.Cluster) -> None:
    server = start(cluster)
    lock = cluster.folder / "data" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    server.kill()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server = start(cluster)
    assert ask(cluster.url(), "SELECT 1") == 1
    server.stop()


def test_a_server_whose_owner_died_is_ended_by_the_next_start(cluster: postgres.Cluster) -> None:
    left = start(cluster)
    server = start(cluster)
    assert server.pid != left.pid
    assert ask(cluster.url(), "SELECT 1") == 1
    server.stop()
    left.kill()


def test_an_interrupted_first_start_begins_again(cluster: postgres.Cluster) -> None:
    start(cluster).stop()
    (cluster.folder / "data").rename(cluster.folder / "data.new")
    server = start(cluster)
    assert ask(cluster.url(), "SELECT 1") == 1
    server.stop()


def test_no_folder_is_opened_to_others(cluster: postgres.Cluster) -> None:
    parents = list(cluster.folder.parents)
    cluster.folder.parent.mkdir(mode=0o700)
    before = {path: path.stat().st_mode for path in parents}
    start(cluster).stop()
    assert before == {path: path.stat().st_mode for path in parents}
    assert stat.S_IMODE((cluster.folder / "data").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the database outside of its folder")
def test_a_lost_database_is_said_not_replaced(cluster: postgres.Cluster) -> None:
    start(cluster).stop()
    elsewhere = cluster.folder.resolve()
    elsewhere.rename(elsewhere.with_name("moved"))
    with pytest.raises(postgres.PostgresError, match="remove the link"):
        postgres.prepare(cluster)
    elsewhere.with_name("moved").rename(elsewhere)


async def test_a_server_told_to_end_while_it_has_clients_ends_and_starts_again(cluster: postgres.Cluster) -> None:
    process = Supervised(postgres.prepare(cluster), 0, cluster.folder.parent, lambda _: None, lambda: None)
    process.start()
    try:
        await process.wait_ready(60)
        first = process.pid
        with psycopg.connect(cluster.url()):
            os.kill(first, signal.SIGTERM)
            async with asyncio.timeout(60):
                while process.pid == first:
                    await asyncio.sleep(0.05)
        await process.wait_ready(60)
        assert ask(cluster.url(), "SELECT 1") == 1
    finally:
        await process.stop()
