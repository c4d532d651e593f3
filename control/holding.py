"""A probe's stream, at the replica that holds it: what is under way by it, and who may have it do what."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog

from control import refusals, subjects
from control.auditing import Audit
from control.instruments import DISPATCHED, LOST
from control.outcomes import Outcomes
from mesh.errors import ServiceError, not_found
from mesh.limits import REQUEST_BYTES
from scope.auth.v1.identity_pb2 import Identity
from scope.control.v1.messages_pb2 import (
    Answer,
    Call,
    Cancel,
    ConnectResponse,
    Dispatched,
    Invocation,
    Lost,
    Outcome,
)
from scope_sdk.report.standard import needed_permission

_log = structlog.get_logger()

#: For how long after its time a call that nobody answered is remembered, in seconds: usually it was cancelled by then.
FORGOTTEN_AFTER = 2.0

#: The controls that a probe offers, each with the permission that the probe says it needs.
Offers: TypeAlias = Mapping[str, str]

#: The control by which one may read without being able to type, and the permission to type.
ATTACH = "docker_attach_container"
MAY_TYPE = "container.attach.in"
#: How long a replaced stream may still wait for the answers to its calls, in seconds: no caller waits longer.
REPLACED_FOR = 30.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What every stream of a replica works with."""

    audit: Audit
    outcomes: Outcomes
    #: How many calls of a probe may be under way by one stream.
    most: int


class ProbeStream:
    """A probe's stream.

    Args:
        organization: whose probe it is.
        probe: which.
        offers: what it offers.
        parts: what to work with.
    """

    def __init__(self, organization: str, probe: str, offers: Offers, parts: Parts) -> None:
        self.organization = organization
        self.probe = probe
        #: Tells it from the probe's other streams.
        self.id = secrets.token_hex(16)
        #: Since when it is held, in seconds since 1970.
        self.since = time.time()
        #: Whether calls may come by it.
        self.takes_calls = True
        self._offers = offers
        self._parts = parts
        # Until the probe is told, a call has no timer.
        self._calls: dict[str, asyncio.TimerHandle | None] = {}
        self._events: asyncio.Queue[ConnectResponse | None] = asyncio.Queue()
        self._leaving = False
        self._ended = False

    @property
    def under_way(self) -> int:
        """How many calls are."""
        return len(self._calls)

    async def events(self) -> AsyncIterator[ConnectResponse]:
        """What to tell the probe, until the stream is to end."""
        while (event := await self._events.get()) is not None:
            yield event

    def say(self, event: ConnectResponse) -> None:
        """Tells the probe."""
        self._events.put_nowait(event)

    def finish(self) -> None:
        """Lets the stream end once the probe was told what is to be told."""
        self._events.put_nowait(None)

    def finish_when_answered(self) -> None:
        """The same, once no call is under way, or the time of the last one is over."""
        self._leaving = True
        asyncio.get_running_loop().call_later(REPLACED_FOR, self.finish)
        self._finish_if_idle()

    def _finish_if_idle(self) -> None:
        if self._leaving and not self._calls:
            self.finish()

    def leave(self, event: ConnectResponse) -> None:
        """Takes no more calls, and tells the probe why; the stream goes on until those under way are answered."""
        self.takes_calls = False
        self.say(event)

    async def take(self, invocation: Invocation, identity: Identity) -> None:
        """Has the probe told of a call, once the audit was; what becomes of it goes to whoever was asked.

        Args:
            invocation: the call.
            identity: whose it is, verified.

        Raises:
            ServiceError: where the probe was not told, and why.
        """
        call = invocation.call
        self._admit(invocation.request.control)
        self._calls[call] = None
        try:
            dispatched = await self._permit(invocation, identity)
            self._check_here()
            if call not in self._calls:  # cancelled meanwhile
                return
            await self._parts.outcomes.tell(call, self._outcome(dispatched=dispatched))
        except BaseException:
            self._forget(call)
            raise
        self._dispatch(invocation, dispatched)

    def _admit(self, control: str) -> None:
        self._check_here()
        if control not in self._offers:
            raise not_found("control", control)
        # What a probe does not read waits here, so that is counted too.
        if max(len(self._calls), self._events.qsize()) >= self._parts.most:
            raise refusals.too_many(self._parts.most)

    def _check_here(self) -> None:
        if self._ended:
            raise refusals.not_connected(self.probe)

    async def _permit(self, invocation: Invocation, identity: Identity) -> Dispatched:
        """Decides whether the caller may; either way the audit is told."""
        request = invocation.request
        permission = needed_permission(request.control, self._offers[request.control])
        refused = permission not in identity.permissions
        await self._parts.audit.tell(invocation, refused=refused)
        if refused:
            raise refusals.not_permitted(request.control, permission)
        read_only = request.control == ATTACH and MAY_TYPE not in identity.permissions
        if request.control == ATTACH and not read_only:
            permission = MAY_TYPE  # who loses it shall not go on typing
        return Dispatched(permission=permission, read_only=read_only, pipe=secrets.token_hex(16))

    def _dispatch(self, invocation: Invocation, dispatched: Dispatched) -> None:
        seconds = invocation.timeout_ms / 1000 + FORGOTTEN_AFTER
        self._calls[invocation.call] = asyncio.get_running_loop().call_later(seconds, self.cancel, invocation.call)
        DISPATCHED.add()
        _log.debug("a probe is told")
        request = invocation.request
        call = Call(
            id=invocation.call,
            node_id=request.node_id,
            control=request.control,
            arguments=request.arguments,
            timeout_ms=invocation.timeout_ms,
            pipe=dispatched.pipe,
            read_only=dispatched.read_only,
        )
        self.say(ConnectResponse(call=call))

    def cancel(self, call: str) -> bool:
        """Tells the probe that nobody waits for a call any more; answers whether it was under way by this stream."""
        here = call in self._calls
        if self._forget(call):
            self.say(ConnectResponse(cancel=Cancel(call=call)))
        return here

    def cancel_anyhow(self, call: str) -> None:
        """The same for a call that may have come by another stream of the probe, which may be gone."""
        if not self.cancel(call) and self.takes_calls and self._events.qsize() < self._parts.most:
            self.say(ConnectResponse(cancel=Cancel(call=call)))

    def _forget(self, call: str) -> bool:
        """Lets go of a call; answers whether the probe was told of it by this stream."""
        told = self._calls.pop(call, None)
        if told is not None:
            told.cancel()
        self._finish_if_idle()
        return told is not None

    async def answered(self, answer: Answer) -> None:
        """Passes on what the probe says of a call, also of one that came by another stream of it."""
        if not subjects.is_call(answer.call):
            return
        outcome = self._outcome(answer=answer)
        if answer.ByteSize() > REQUEST_BYTES:
            outcome = self._outcome(refused=refusals.too_large().status())
        await self._parts.outcomes.tell_surely(answer.call, outcome)
        self._forget(answer.call)  # last, for that may be the end of the stream

    async def end(self) -> None:
        """The stream has ended: says so to whoever still waits."""
        self._ended, self.takes_calls = True, False
        for call, told in list(self._calls.items()):
            if told is not None:
                told.cancel()
                LOST.add()
                await self._parts.outcomes.tell_surely(call, self._outcome(lost=Lost()))

    async def refuse(self, call: str, error: ServiceError) -> None:
        """Tells whoever was asked that the probe was not told."""
        await self._parts.outcomes.tell_surely(call, self._outcome(refused=error.status()))

    def _outcome(self, **event: Any) -> Outcome:
        return Outcome(organization=self.organization, probe_id=self.probe, **event)
