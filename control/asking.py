"""A call, at the replica that was asked for it."""

import asyncio

import nats.errors
import structlog
from nats.aio.client import Client

from control import refusals, subjects
from control.instruments import ASKED
from control.outcomes import Awaited, Outcomes
from control.records import Pipes
from control.registry import Registry
from mesh import logs
from mesh.errors import ServiceError
from scope.auth.v1.identity_pb2 import Identity
from scope.control.v1.messages_pb2 import Answer, Invocation, InvokeRequest, InvokeResponse, Notice
from scope.errors.v1.errors_pb2 import Reason

_log = structlog.get_logger()


class Asker:
    """Brings calls to the replica that holds the probe's stream, and their answers back.

    Args:
        client: the bus.
        outcomes: where outcomes come.
        registry: the streams that are held here.
        pipes: where pipes are recorded.
    """

    def __init__(self, client: Client, outcomes: Outcomes, registry: Registry, pipes: Pipes) -> None:
        self._client = client
        self._outcomes = outcomes
        self._registry = registry
        self._pipes = pipes

    async def invoke(self, request: InvokeRequest, identity: Identity, token: str, seconds: float) -> InvokeResponse:
        """Has the probe do it, once; see the contract for what is raised.

        Args:
            request: what to do.
            identity: whose call it is.
            token: the same, as users signed it.
            seconds: for how long the caller waits.
        """
        with self._outcomes.awaited(identity.organization, request.probe_id) as (call, awaited):
            logs.about(call=call)
            invocation = Invocation(identity=token, call=call, request=request, timeout_ms=int(seconds * 1000))
            try:
                async with asyncio.timeout(seconds):
                    await self._bring(invocation, identity, awaited)
                    answer = await awaited.answer
            except TimeoutError:
                await self._cancel(invocation, identity)
                raise refusals.timed_out(seconds) from None
            except asyncio.CancelledError:
                await self._cancel(invocation, identity)
                raise
            except ServiceError as error:
                if error.reason == Reason.REASON_OUTCOME_UNKNOWN:  # it may be under way, and nobody waits any more
                    await self._cancel(invocation, identity)
                raise
            return await self._response(request, answer, identity, awaited)

    async def _bring(self, invocation: Invocation, identity: Identity, awaited: Awaited) -> None:
        """Has the probe told, directly where its stream is here; that nobody does is heard like an answer."""
        organization, probe = identity.organization, invocation.request.probe_id
        held = self._registry.get(organization, probe)
        ASKED.add(1, "bus" if held is None else "here")
        try:
            if held is not None:
                await held.take(invocation, identity)
            else:
                awaited.expect_word()
                await self._client.publish(
                    subjects.calls(organization, probe),
                    invocation.SerializeToString(),
                    reply=subjects.inbox(invocation.call),
                )
        except ServiceError as error:
            awaited.fail(error)
        except (nats.errors.Error, OSError):
            awaited.fail(refusals.bus_away(probe))

    async def _cancel(self, invocation: Invocation, identity: Identity) -> None:
        probe = invocation.request.probe_id
        held = self._registry.get(identity.organization, probe)
        if held is not None and held.cancel(invocation.call):
            return
        notice = Notice(cancelled=invocation.call).SerializeToString()
        try:
            await self._client.publish(subjects.notices(identity.organization, probe), notice)
        except (nats.errors.Error, OSError) as error:
            _log.warning("a probe cannot be told that nobody waits", why=repr(error))

    async def _response(
        self, request: InvokeRequest, answer: Answer, identity: Identity, awaited: Awaited
    ) -> InvokeResponse:
        if answer.WhichOneof("outcome") != "done":
            raise refusals.of_answer(answer, request.control)
        done, dispatched = answer.done, awaited.dispatched
        response = InvokeResponse(value=done.value, removed_node=done.removed_node)
        if done.opens_pipe:
            response.pipe, response.raw_tty = dispatched.pipe, done.raw_tty
            response.read_only = dispatched.read_only
            logs.about(pipe=dispatched.pipe)
            await self._pipes.opened(request, response, identity, dispatched.permission)
        return response
