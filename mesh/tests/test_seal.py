"""A seal holds for the message it was made for and for no other."""

import pytest

from mesh.keyring import MeshKeys
from mesh.seal import HEADER, Seal

SUBJECT = "reports.o.probe.full"
HEADERS = {"Nats-Msg-Id": "probe:1:1", "Scope-Epoch": "1", "Scope-Dropped": "0"}
BODY = b"report"


def sealed(seal: Seal) -> dict[str, str]:
    return HEADERS | {HEADER: seal.of(SUBJECT, HEADERS, BODY)}


def test_a_sealed_message_is_believed_and_what_the_bus_adds_changes_nothing() -> None:
    seal = Seal(MeshKeys([b"k" * 32]))
    assert seal.holds(SUBJECT, sealed(seal), BODY)
    assert seal.holds(SUBJECT, sealed(seal) | {"Nats-Sequence": "7"}, BODY)


@pytest.mark.parametrize(
    ("subject", "changed", "body"),
    [
        ("reports.o.other.full", {}, BODY),
        (SUBJECT, {"Scope-Epoch": "2"}, BODY),
        (SUBJECT, {"Scope-Added": "1"}, BODY),
        (SUBJECT, {"Nats-Msg-Id": "probe:1:2"}, BODY),
        (SUBJECT, {}, b"another"),
        (SUBJECT, {HEADER: ""}, BODY),
    ],
)
def test_any_change_breaks_it(subject: str, changed: dict[str, str], body: bytes) -> None:
    seal = Seal(MeshKeys([b"k" * 32]))
    assert not seal.holds(subject, sealed(seal) | changed, body)


def test_another_deployments_seal_does_not_hold() -> None:
    assert not Seal(MeshKeys([b"k" * 32])).holds(SUBJECT, sealed(Seal(MeshKeys([b"l" * 32]))), BODY)
    assert not Seal(MeshKeys([b"k" * 32])).holds(SUBJECT, HEADERS, BODY)
