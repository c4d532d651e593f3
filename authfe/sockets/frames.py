"""The browser's end of a pipe: what pipe and browser say, each in the other's words. No I/O.

A browser knows bytes and a few words; that bytes have numbers, may come twice, and may be missing, is known here.
"""

import json
from collections.abc import Iterator
from typing import Any

from aiohttp import WSCloseCode
from google.protobuf.json_format import MessageToDict

from scope.pipe.v1.messages_pb2 import Ack, Data, End, EndReason, Frame, Resize, Rewind, Sent

#: Bytes of a frame at most.
FRAME_BYTES = 64 * 1024
#: Bytes of a text at most.
TEXT_BYTES = 4 * 1024

#: What a browser's numbers can hold exactly.
_MOST_BYTES = 2**53 - 1
_MOST_CELLS = 10_000


class RefusedError(Exception):
    """A browser said what it may not; `code` is that of the close frame, the words are its reason."""

    def __init__(self, code: WSCloseCode, words: str) -> None:
        super().__init__(words)
        self.code = code


class BrowserEnd:
    """One WebSocket's end.

    Args:
        received: how many bytes of the probe the browser has, which it will not hear again.

    Attributes:
        over: whether the other end is through, and the browser was told so.
    """

    def __init__(self, received: int) -> None:
        self.over = False
        self._received = received
        self._consumed = received  # what it has before is not kept for it any more
        self._unheard = False  # whether the probe is there, and has not said where the browser shall go on
        self._asked = -1  # where the probe was asked to go on
        self._sent = 0  # the number of the browser's next byte
        self._acknowledged = 0
        self._ticked = 0  # how many bytes were acknowledged at the last tick
        self._left = False
        self._heard: End | None = None

    def from_pipe(self, frame: Frame) -> tuple[list[bytes | str], list[Frame]]:
        """What a frame of the pipe means to the browser, and what is answered to the pipe."""
        match frame.WhichOneof("event"):
            case "data":
                return self._data(frame.data)
            case "end":
                self._heard = frame.end
                return self._settled()
        return self._said(frame), self._answers(frame)

    def from_browser(self, said: bytes | str) -> Iterator[Frame]:
        """What a message of the browser means to the pipe.

        Raises:
            RefusedError: it is none that a browser may send.
        """
        if isinstance(said, str):
            yield from self._word(said)
            return
        for start in range(0, len(said), FRAME_BYTES):
            content = said[start : start + FRAME_BYTES]
            yield Frame(data=Data(offset=self._sent, content=content))
            self._sent += len(content)

    def tick(self) -> Iterator[Frame]:
        """Some seconds have passed: what may have been lost is said again."""
        if self._unheard:
            yield Frame(sent=Sent(sent=_MOST_BYTES))  # who has received fewer says how many
        elif self._acknowledged == self._ticked and self._sent > self._acknowledged:
            yield Frame(sent=Sent(sent=self._sent))
        self._ticked = self._acknowledged
        if self._left:
            yield self._end()

    def _said(self, frame: Frame) -> list[bytes | str]:
        """What the browser is told about its own bytes."""
        if frame.HasField("ack"):
            self._acknowledged = max(self._acknowledged, frame.ack.received)
            return [_text(ack=frame.ack.received)]
        if frame.HasField("rewind"):
            self._unheard = False
            return [_text(rewind=frame.rewind.received)]
        return []

    def _answers(self, frame: Frame) -> list[Frame]:
        """What pipe is told about the other end's."""
        if frame.HasField("joined"):
            self._unheard = True
            return [self._go_on(), self._consumed_so_far()]
        if frame.HasField("sent"):
            return [self._go_on() if frame.sent.sent > self._received else self._consumed_so_far()]
        return []

    def _data(self, data: Data) -> tuple[list[bytes | str], list[Frame]]:
        if data.offset > self._received:
            return [], self._missing()
        content = data.content[self._received - data.offset :]
        if not content:
            return [], []
        self._received += len(content)
        words, answers = self._settled()
        return [content, *words], answers

    def _missing(self) -> list[Frame]:
        """A piece is missing. Asked for once: what follows it may be on the way many times over."""
        return [] if self._asked == self._received else [self._go_on()]

    def _go_on(self) -> Frame:
        self._asked = self._received
        return Frame(rewind=Rewind(received=self._received))

    def _consumed_so_far(self) -> Frame:
        return Frame(ack=Ack(received=self._consumed))

    def _settled(self) -> tuple[list[bytes | str], list[Frame]]:
        """The other end is through, once all that it has sent is here."""
        if self._heard is None or self.over:
            return [], []
        if self._received < self._heard.sent:
            return [], self._missing()
        self.over = True
        end = MessageToDict(self._heard, always_print_fields_with_no_presence=True)
        del end["sent"]
        # A pipe that goes on at another WebSocket is not to be ended by this one.
        silent = self._left or self._heard.reason == EndReason.END_REASON_REPLACED
        return [_text(end=end)], [] if silent else [self._end()]

    def _end(self) -> Frame:
        return Frame(end=End(reason=EndReason.END_REASON_CLOSED, sent=self._sent))

    def _word(self, text: str) -> Iterator[Frame]:
        [(name, value)] = _parsed(text).items()
        match name:
            case "from":
                self._sent = _number(value, "from", 0, _MOST_BYTES)
            case "ack":
                self._consumed = max(self._consumed, _number(value, "ack", 0, self._received))
                yield self._consumed_so_far()
            case "resize":
                yield Frame(resize=_size(value))
            case "end":
                self._left = True
                yield self._end()


_WORDS = ("from", "ack", "resize", "end")


def end_words(reason: str, message: str) -> str:
    """What a browser is told where pipe refuses it for good."""
    return _text(end={"reason": reason, "message": message, "exitStatus": 0})


def read_only_words() -> str:
    """What a browser is told where it may only read."""
    return _text(readOnly=True)


def _text(**said: Any) -> str:
    return json.dumps(said, separators=(",", ":"))


def _parsed(text: str) -> dict[str, Any]:
    if len(text.encode()) > TEXT_BYTES:
        raise RefusedError(WSCloseCode.MESSAGE_TOO_BIG, f"a text may have {TEXT_BYTES} bytes")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedError(WSCloseCode.INVALID_TEXT, "a text must be JSON") from None
    if not isinstance(said, dict) or len(said) != 1 or not said.keys() <= set(_WORDS):
        raise _forbidden(f"a text must be an object with one of {', '.join(_WORDS)}")
    return said


def _number(value: object, name: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _forbidden(f"{name}: must be a whole number from {least} to {most}")
    return value


def _size(value: object) -> Resize:
    if not isinstance(value, dict) or value.keys() != {"width", "height"}:
        raise _forbidden("resize: must be an object with width and height")
    sides = {name: _number(cells, f"resize.{name}", 1, _MOST_CELLS) for name, cells in value.items()}
    return Resize(**sides)


def _forbidden(words: str) -> RefusedError:
    return RefusedError(WSCloseCode.POLICY_VIOLATION, words)
