"""People, as administrators see and change them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import invalid_field, not_found
from scope.users.v1.administration_pb2 import ListPeopleRequest, ListPeopleResponse, Person
from scope.users.v1.messages_pb2 import Membership as Place
from users import accounts, impersonation, paging, sessions
from users.administration import changes
from users.audit import Action
from users.database import Database
from users.paging import Order
from users.tables import Impersonation, LoginToken, Membership, Organization, User, is_id
from users.times import timestamp

_NEWEST_FIRST = Order(col(User.created), col(User.id), descending=True)


async def listed(database: Database, request: ListPeopleRequest) -> ListPeopleResponse:
    """A page of the people; raises ServiceError INVALID_ARGUMENT for an odd page_token, UNAVAILABLE."""
    conditions = _conditions(request)
    chosen = select(User).where(*conditions)
    async with database.begin() as session:
        total = (await session.exec(select(func.count()).select_from(User).where(*conditions))).one()
        page = await paging.read(session, chosen, _NEWEST_FIRST, request.page_size, request.page_token)
        found = await _described(session, page.rows)
    answer = ListPeopleResponse(total=total)
    answer.next_page_token = page.fill(answer.people, found)
    return answer


async def described(session: AsyncSession, user: User) -> Person:
    """A person, as administrators see one."""
    return (await _described(session, [user]))[0]


def check_id(user_id: str) -> None:
    """Raises ServiceError NOT_FOUND for what cannot be a person's id, which need not reach the database."""
    if not is_id(user_id):
        raise not_found("person", user_id)


async def disable(session: AsyncSession, user_id: str, reason: str) -> User:
    """Disables a person, whose sessions end and whose links do not work; once more replaces the reason.

    Raises:
        ServiceError: NOT_FOUND when there is no such person, INVALID_ARGUMENT without a reason.
    """
    if not reason.strip():
        raise invalid_field("reason", "must say why, for other administrators")
    user = await _locked(session, user_id)
    before = _state(user)
    user.disabled_reason = reason
    if user.disabled is None:
        user.disabled = (await session.exec(select(func.now()))).one()
        await _sign_out(session, user_id)
    await changes.record(session, Action.USER_DISABLE, before, _state(user), subject=user.id)
    return user


async def enable(session: AsyncSession, user_id: str) -> User:
    """Lets a disabled person sign in again; raises ServiceError NOT_FOUND when there is no such person."""
    user = await _locked(session, user_id)
    before = _state(user)
    user.disabled = user.disabled_reason = None
    await changes.record(session, Action.USER_ENABLE, before, _state(user), subject=user.id)
    return user


async def set_administrator(session: AsyncSession, user_id: str, *, admin: bool) -> User:
    """Makes a person an administrator, who is approved by it, or no longer one.

    With the first nobody acts as them any more, with the second they as nobody.

    Raises:
        ServiceError: NOT_FOUND when there is no such person.
    """
    user = await _locked(session, user_id)
    before = _state(user)
    user.admin = admin
    if admin:
        await accounts.approve(session, user_id)
    acting = Impersonation.user_id if admin else Impersonation.administrator_id
    await _end_acting(session, col(acting) == user_id)
    await changes.record(session, Action.USER_SET_ADMINISTRATOR, before, _state(user), subject=user.id)
    return user


def _conditions(request: ListPeopleRequest) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search := request.search.strip():
        conditions.append(col(User.email).icontains(search, autoescape=True))
    if request.HasField("approved"):
        waits = col(User.approved).is_(None)
        conditions.append(~waits if request.approved else waits)
    return conditions


async def _described(session: AsyncSession, users: Sequence[User]) -> list[Person]:
    """People with the organizations of all of them, in one query."""
    places: dict[str, list[Place]] = {}
    statement = (
        select(Membership.user_id, Organization.slug, Organization.name, Membership.role)
        .where(col(Membership.user_id).in_([user.id for user in users]))
        .where(Membership.organization_id == Organization.id, col(Organization.deleted).is_(None))
        .order_by(Organization.slug)
    )
    for user_id, slug, name, role in await session.exec(statement):
        places.setdefault(user_id, []).append(Place(id=slug, name=name, role=role))
    return [_person(user, places.get(user.id, ())) for user in users]


def _person(user: User, places: Sequence[Place]) -> Person:
    return Person(
        id=user.id,
        email=user.email,
        admin=user.admin,
        created=timestamp(user.created),
        approved=timestamp(user.approved),
        disabled=timestamp(user.disabled),
        disabled_reason=user.disabled_reason or "",
        last_login=timestamp(user.last_login),
        organizations=places,
    )


async def _locked(session: AsyncSession, user_id: str) -> User:
    """The person, whom nobody else changes before this transaction ends."""
    check_id(user_id)
    user = await session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise not_found("person", user_id)
    return user


def _state(user: User) -> Mapping[str, Any]:
    return {"admin": user.admin, "disabled": user.disabled is not None, "reason": user.disabled_reason}


async def _sign_out(session: AsyncSession, user_id: str) -> None:
    """Ends a person's sessions and links, and who acts as the person."""
    await sessions.end_all(session, user_id)
    unused = update(LoginToken).where(col(LoginToken.user_id) == user_id, col(LoginToken.used).is_(None))
    await session.exec(unused.values(used=func.now()))
    await _end_acting(session, col(Impersonation.user_id) == user_id)


async def _end_acting(session: AsyncSession, which: ColumnElement[bool]) -> None:
    acting = select(Impersonation.session_id).where(which, col(Impersonation.ended).is_(None))
    for session_id in (await session.exec(acting)).all():
        if session_id:
            await impersonation.end(session, session_id)
