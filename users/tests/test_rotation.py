"""Replacing keys in their file."""

import fcntl
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh.keyring import MeshKeys
from users import rotation
from users.identity import Keys
from users.rotation import IDENTITY, MESH, KeyFile, Kind, State

HOUR = timedelta(hours=1)


@pytest.fixture(params=[IDENTITY, MESH], ids=lambda kind: kind.name)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> KeyFile:
    """A file with one key, as a deployment begins with."""
    kind: Kind = request.param
    path = tmp_path / "keys"
    path.write_text(kind.make() + "\n")
    path.chmod(0o640)
    return KeyFile(path, kind)


def texts(file: KeyFile) -> list[str]:
    return [key.text for key in file.read()]


def at_once(_: datetime) -> None:
    """Waits for nothing."""


def die(_: datetime) -> None:
    """Dies while it waits."""
    raise KeyboardInterrupt


def test_the_new_key_is_there_before_it_is_used_and_the_old_one_after(file: KeyFile) -> None:
    (old,) = texts(file)
    seen: list[tuple[list[str], datetime]] = []
    began = datetime.now(UTC)
    rotation.rotate(file, HOUR, lambda due: seen.append((texts(file), due)))
    new, kept = texts(file)
    assert kept == old != new
    assert [found for found, _ in seen] == [[old, new]]
    assert timedelta(0) <= seen[0][1] - began - HOUR < timedelta(minutes=1)


def test_the_old_key_is_dropped_when_it_is_due(file: KeyFile) -> None:
    rotation.rotate(file, HOUR, at_once)
    new, _ = texts(file)
    due = rotation.drop(file, HOUR)
    assert due is not None
    assert timedelta(0) < due - datetime.now(UTC) <= HOUR
    assert len(texts(file)) == 2
    assert rotation.drop(file, timedelta(0)) is None
    assert texts(file) == [new]


def test_who_is_interrupted_goes_on_with_the_key_that_was_made(file: KeyFile) -> None:
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(file, HOUR, die)
        assert rotation.drop(file, timedelta(0)) is None
    old, made = texts(file)
    rotation.rotate(file, HOUR, at_once)
    assert texts(file) == [made, old]


def test_the_next_rotation_does_not_wait_for_the_old_key_to_be_dropped(file: KeyFile) -> None:
    (first,) = texts(file)
    rotation.rotate(file, HOUR, at_once)
    second, _ = texts(file)
    rotation.rotate(file, HOUR, at_once)
    third, *others = texts(file)
    assert others == [second, first]
    assert third not in others


def test_keys_that_were_put_behind_by_hand_are_old(file: KeyFile) -> None:
    new, old = file.kind.make(), texts(file)[0]
    file.path.write_text(f"{new}\n{old}\n")
    due = rotation.drop(file, HOUR)
    assert due is not None
    assert [key.state for key in file.read()] == [None, State.RETIRED]
    assert rotation.drop(file, HOUR) == due.replace(microsecond=0)


def test_the_file_keeps_its_mode_and_nothing_is_left_beside_it(file: KeyFile) -> None:
    beside = file.path.with_name(f".{file.path.name}.new")
    beside.write_text("of one who was killed")
    rotation.rotate(file, HOUR, at_once)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert [*file.path.parent.iterdir()] == [file.path]


def test_where_the_file_is_a_link_what_it_leads_to_is_replaced(file: KeyFile, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file.path)
    rotation.rotate(KeyFile(link, file.kind), HOUR, at_once)
    assert link.is_symlink()
    assert len(texts(file)) == 2


def test_two_do_not_rotate_at_once(file: KeyFile) -> None:
    folder = os.open(file.path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        rotation.rotate(file, HOUR, at_once)
    with pytest.raises(BlockingIOError):
        rotation.drop(file, HOUR)
    os.close(folder)
    rotation.rotate(file, HOUR, at_once)


@pytest.mark.parametrize("kind", [IDENTITY, MESH], ids=lambda kind: kind.name)
@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_what_cannot_be_read_is_left_alone(tmp_path: Path, kind: Kind, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(ValueError, match="must hold"):
        rotation.rotate(KeyFile(path, kind), HOUR, at_once)
    assert path.read_text() == content


def test_what_services_read_is_what_is_in_the_file(file: KeyFile) -> None:
    rotation.rotate(file, HOUR, at_once)
    content = file.path.read_bytes()
    assert len(file.kind.check(content)) == 2
    if file.kind is MESH:
        assert [key.hex() for key in MeshKeys.read(file.path)] == texts(file)
    else:
        signing = Keys.read(file.path).signing
        file.path.write_text(texts(file)[0])
        assert Keys.read(file.path).signing.kid == signing.kid
