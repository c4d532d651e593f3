"""What is on its way to an end."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from pipe.frames import CREDIT

#: Bytes that may wait: what a sender has credit for, the same again after a rewind, and what goes around them.
MOST_BYTES = 2 * CREDIT + 64 * 1024
#: Frames that may wait; more are dropped, and what was in them is asked for again.
MOST_FRAMES = 4096


class Outbox:
    """Frames that wait for the one writer of a stream; bounded."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        #: Whether it takes nothing more.
        self.closed = False

    def put(self, frame: bytes) -> bool:
        """Takes a frame; answers False, and does not, where more bytes wait than its sender has credit for."""
        if self.closed:
            return True
        if self._bytes + len(frame) > MOST_BYTES:
            return False
        if len(self._frames) < MOST_FRAMES:
            self._frames.append(frame)
            self._bytes += len(frame)
            self._some.set()
        return True

    def close(self, last: bytes = b"") -> None:
        """Takes nothing more. With a last frame, that is sent instead of all that waits."""
        if self.closed:
            return
        self.closed = True
        if last:
            self._frames.clear()
            self._frames.append(last)
        self._some.set()

    async def frames(self) -> AsyncGenerator[bytes]:
        """The frames as they come, until it was closed and none is left."""
        while True:
            while self._frames:
                frame = self._frames.popleft()
                self._bytes -= len(frame)
                yield frame
            if self.closed:
                return
            self._some.clear()
            await self._some.wait()
