"""One probe's stream of serialised reports, over a connection of its own, as real probes have."""

import secrets
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import grpc
import grpc.aio

from scope.collection.v1.messages_pb2 import PublishResponse
from scope_sdk.channel import Service
from tests.load.target import Target

_PUBLISH = "/scope.collection.v1.CollectionService/Publish"

# Channels of one process would otherwise share one connection.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


def channel(target: Target) -> grpc.aio.Channel:
    """A connection of its own to the edge."""
    address = urlsplit(target.url)
    if address.scheme != "https":
        return grpc.aio.insecure_channel(address.netloc, options=_OPTIONS)
    roots = grpc.ssl_channel_credentials(target.ca_file.read_bytes() if target.ca_file else None)
    return grpc.aio.secure_channel(address.netloc, roots, options=_OPTIONS)


class Line:
    """Sends reports and reads their acknowledgements, which come in the same order.

    Attributes:
        probe: the id under which it reports.
    """

    def __init__(self, target: Target, name: str) -> None:
        self.probe = f"load-{name}-{secrets.token_hex(4)}"
        self._channel = channel(target)
        publish: grpc.aio.StreamStreamMultiCallable[bytes, PublishResponse] = self._channel.stream_stream(
            _PUBLISH, response_deserializer=PublishResponse.FromString
        )
        self._call = publish(metadata=Service(target.url, target.service_token).metadata(self.probe))

    async def __aenter__(self) -> Self:
        await self._call.initial_metadata()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call.cancel()
        await self._channel.close()

    @property
    def open(self) -> bool:
        """Whether the stream goes on."""
        return not self._call.done()

    async def send(self, request: bytes) -> None:
        """Writes a serialised PublishRequest. Raises RuntimeError where the stream has ended."""
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, grpc.aio.UsageError) as error:
            raise await self._ended() from error

    async def acknowledged(self, number: int) -> None:
        """Returns when the next acknowledgement is there. RuntimeError where it is not of this report."""
        try:
            response = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise await self._ended() from error
        if response is grpc.aio.EOF:
            raise await self._ended()
        if response.acknowledged.number != number:
            raise RuntimeError(f"{self.probe}: report {number} was not acknowledged next, but {response}")

    async def _ended(self) -> RuntimeError:
        return RuntimeError(f"{self.probe}: {await self._call.code()}: {await self._call.details()}")
