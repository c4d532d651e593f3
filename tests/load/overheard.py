"""A probe's way to the service on which every report sent and every acknowledgement is noted as it passes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import grpc.aio

from scope.collection.v1.messages_pb2 import PublishRequest, PublishResponse
from scope_sdk.channel import Service


class Listener(Protocol):
    """Is told what passes."""

    def sent(self) -> None:
        """A report goes out."""

    def acknowledged(self, epoch: int, number: int) -> None:
        """The service said that it has stored a report."""


@dataclass(frozen=True)
class Overheard(Service):
    """A service whose channels tell a listener: what it learns does not depend on what a publisher makes of it."""

    listener: Listener = field(kw_only=True)

    def channel(self) -> grpc.aio.Channel:
        """A channel, to be closed by the caller."""
        return cast("grpc.aio.Channel", _Channel(super().channel(), self.listener))


class _Channel:
    """What a stub and a publisher use of a channel."""

    def __init__(self, channel: grpc.aio.Channel, listener: Listener) -> None:
        self._channel = channel
        self._listener = listener
        self.unary_unary = channel.unary_unary
        self.close = channel.close

    def stream_stream(
        self,
        method: str,
        request_serializer: Callable[[PublishRequest], bytes],
        response_deserializer: Callable[[bytes], PublishResponse],
        **options: Any,
    ) -> object:
        def serialize(request: PublishRequest) -> bytes:
            self._listener.sent()
            return request_serializer(request)

        def deserialize(body: bytes) -> PublishResponse:
            response = response_deserializer(body)
            if response.HasField("acknowledged"):
                self._listener.acknowledged(response.acknowledged.epoch, response.acknowledged.number)
            return response

        return self._channel.stream_stream(
            method, request_serializer=serialize, response_deserializer=deserialize, **options
        )
