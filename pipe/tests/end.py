"""One end of a pipe, as small as it can be said: frames out, frames in, and the bytes that they make."""

from typing import Any, Self

import grpc

from scope.pipe.v1.messages_pb2 import Ack, AttachRequest, AttachResponse, Data, Frame
from scope.pipe.v1.messages_pb2 import End as Ended
from scope.pipe.v1.service_pb2_grpc import PipeServiceStub


class End:
    """A stream of frames; nothing is kept, nothing is said by itself."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._call: grpc.aio.StreamStreamCall[AttachRequest, AttachResponse] = PipeServiceStub(channel).Attach(
            metadata=metadata
        )

    async def __aenter__(self) -> Self:
        await self._call.initial_metadata()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._call.cancel()

    async def say(self, **event: Any) -> None:
        """Sends a frame: `data=Data(...)`."""
        await self._call.write(AttachRequest(frame=Frame(**event)))

    async def send(self, content: bytes, offset: int = 0) -> None:
        """Sends bytes."""
        await self.say(data=Data(offset=offset, content=content))

    async def acknowledge(self, received: int) -> None:
        """Says how many bytes were taken in."""
        await self.say(ack=Ack(received=received))

    async def hear(self) -> Frame:
        """The next frame; raises what the stream ended with, EOFError where that is nothing."""
        answer = await self._call.read()
        if answer is grpc.aio.EOF:
            await self.code()
            raise EOFError
        assert isinstance(answer, AttachResponse)
        return answer.frame

    async def kinds(self, *awaited: str) -> list[Frame]:
        """The next frames, which are of these kinds."""
        heard = [await self.hear() for _ in awaited]
        assert [frame.WhichOneof("event") for frame in heard] == list(awaited)
        return heard

    async def drain(self) -> None:
        """Hears all that there is; raises what the stream ended with."""
        while True:
            await self.hear()

    async def ended(self) -> Ended:
        """What an end is told last, whatever comes before."""
        while True:
            frame = await self.hear()
            if frame.HasField("end"):
                return frame.end

    async def code(self) -> grpc.StatusCode:
        """How the stream ended."""
        return await self._call.code()

    async def initial_metadata(self) -> list[tuple[str, str | bytes]]:
        """What the service says with its answer."""
        return list(await self._call.initial_metadata())

    async def leave(self) -> None:
        """Sends nothing more."""
        await self._call.done_writing()
