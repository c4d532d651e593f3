"""What is recorded."""

import re
from contextlib import suppress

import psycopg
import pytest
from psycopg.rows import dict_row

from mesh.errors import ServiceError
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from users import audit, sign_in
from users.audit import Action, Refusals
from users.audit.refusals import KEYS, MANY, WINDOW
from users.database import Database
from users.tests.conftest import LIST_TOKENS, PUBLISH, RENAME, Clock, Service

ANN = Identity(subject="a" * 32, credential="session:" + "b" * 32, address="192.0.2.1")


def recorded(url: str) -> list[dict[str, object]]:
    """All events, oldest first."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute("SELECT * FROM audit_events ORDER BY time, id").fetchall()


async def test_a_change_that_is_undone_leaves_no_event(database: Database, postgres_url: str) -> None:
    with suppress(KeyError):
        async with database.begin() as session:
            await audit.record(session, Action.TOKEN_CREATE, subject="t")
            raise KeyError
    assert recorded(postgres_url) == []


async def test_who_was_refused_is_told_and_that_it_was(database: Database, postgres_url: str) -> None:
    with pytest.raises(ServiceError):
        async with Refusals(database).recorded(
            Action.USER_SIGN_IN, (Reason.REASON_LOGIN_LINK_INVALID,), subject="x\0y"
        ):
            raise sign_in.invalid()
    (event,) = recorded(postgres_url)
    assert event["refused"]
    assert (event["action"], event["actor"]) == ("user:session:begin", "operator")
    assert event["subject"] == "xy"
    assert event["after"] == {"reason": "LOGIN_LINK_INVALID"}


async def test_the_same_refusal_is_written_once_a_minute_and_then_its_number(
    database: Database, postgres_url: str
) -> None:
    clock = Clock()
    refusals = Refusals(database, clock)
    for _ in range(500):
        refusals.note(Action.USER_SIGN_IN, ANN, after={"reason": "no"})
        await refusals.write()
    assert len(recorded(postgres_url)) == 1
    clock.seconds += WINDOW
    await refusals.write()
    _, number = recorded(postgres_url)
    assert number["after"] == {"reason": "no", "repeated": 499}
    refusals.note(Action.USER_SIGN_IN, ANN)
    await refusals.write()
    assert len(recorded(postgres_url)) == 3
    clock.seconds += WINDOW
    await refusals.write()
    assert len(recorded(postgres_url)) == 3


async def test_many_who_are_refused_make_few_rows(database: Database, postgres_url: str) -> None:
    refusals = Refusals(database, Clock())
    for number in range(5 * KEYS):
        refusals.note(Action.USER_SIGN_IN, Identity(subject="public", address=f"10.0.{number >> 8}.{number & 255}"))
    await refusals.write()
    events = recorded(postgres_url)
    assert len(events) == KEYS + 1
    (many,) = [event for event in events if event["actor"] == MANY]
    assert many["address"] is None


async def test_a_refusal_while_the_database_is_away_is_written_later(users: Service) -> None:
    users.away(away=True)
    users.refusals.note(Action.USER_SIGN_IN, ANN)
    with pytest.raises(ServiceError):
        await users.refusals.write()
    users.away(away=False)
    await users.refusals.write()
    assert len(recorded(users.url)) == 1


async def test_a_change_that_somebody_may_not_make_is_told_and_a_read_is_not(users: Service) -> None:
    created = await users.organization("acme")
    token = f"Bearer {created.service_token}"
    address = {"x_scope_address": "192.0.2.7"}
    for rpc in (RENAME, LIST_TOKENS, RENAME, PUBLISH):
        await users.check(rpc, authorization=token, **address)
    await users.check(RENAME, authorization=f"Bearer {created.api_token}", x_scope_org="another", **address)
    await users.refusals.write()
    own, foreign = (event for event in recorded(users.url) if event["refused"])
    assert (own["action"], own["refused"]) == ("rpc:OrganizationService:UpdateOrganization", True)
    assert str(own["credential"]).startswith("probe:")
    assert own["organization_id"]
    assert own["address"] == "192.0.2.7"
    assert own["after"] == {"reason": "PERMISSION_DENIED"}
    assert foreign["organization_id"] is None
    assert foreign["actor_email"] == "ann@example.org"


def test_actions_have_one_form_and_are_nobody_elses() -> None:
    assert all(re.fullmatch("[a-z]+:[a-z]+:[a-z_]+", action) for action in Action)
    assert not [action for action in Action if action.startswith(("rpc:", "control:", "audit:"))]
