"""One end of a pipe as a state machine: what it keeps, what it says next, what it makes of what it hears. No I/O."""

from __future__ import annotations

from scope.pipe.v1.messages_pb2 import Ack, Data, End, EndReason, Frame, Resize, Rewind, Sent

WINDOW = 256 * 1024
"""Bytes of a direction that may be on the way: sent, and not yet taken in by whoever reads at the other end."""

FRAME = 64 * 1024
"""Bytes of a frame at most."""
_SIDE = 10_000

_ACK_AT = WINDOW // 4
_REPEATS = 12
_FORGETFUL = 3


class _Outgoing:
    """Bytes to the other end, kept until they are taken in there.

    Attributes:
        acked: how many were taken in.
        last: whether nothing follows those that were written.
        sending: whether it is known where the other end wants to go on.
    """

    def __init__(self) -> None:
        self.acked = 0
        self.last = False
        self.sending = False
        self._kept = bytearray()
        self._next = 0
        self._last_due = False
        self._repeats = _REPEATS

    @property
    def written(self) -> int:
        """How many bytes there were since the pipe was opened."""
        return self.acked + len(self._kept)

    @property
    def room(self) -> int:
        """How many may be written now."""
        return WINDOW - len(self._kept)

    @property
    def sent(self) -> bool:
        """Whether everything was sent, as far as is known."""
        return self._next == self.written and not self._last_due

    def write(self, data: bytes | memoryview) -> None:
        self._kept += data

    def finish(self) -> None:
        self.last = self._last_due = True

    def acknowledged(self, received: int) -> None:
        """The other end has taken in so many; not more than were written."""
        if received > self.acked:
            del self._kept[: received - self.acked]
            self.acked = received
            self._next = max(self._next, received)

    def go_on(self, start: int) -> None:
        """Sends from there, which is not before what was acknowledged."""
        self._next, self.sending, self._last_due = start, True, self.last

    def repeat_last(self) -> None:
        """Says again that nothing follows: nobody acknowledges that. Not for ever, for it looks like traffic."""
        if self.last and self._repeats:
            self._repeats -= 1
            self._last_due = True

    def frame(self) -> Frame | None:
        """What to send next."""
        if not self.sending or self.sent:
            return None
        start = self._next
        with memoryview(self._kept) as kept:
            content = bytes(kept[start - self.acked : start - self.acked + FRAME])
        self._next += len(content)
        last = self.last and self._next == self.written
        self._last_due = self._last_due and not last
        return Frame(data=Data(offset=start, content=content, last=last))


class _Incoming:
    """Bytes of the other end.

    Attributes:
        received: how many have arrived in order.
        consumed: how many of them were read.
        finished: whether nothing follows.
    """

    def __init__(self) -> None:
        self.received = 0
        self.consumed = 0
        self.finished = False
        self._waiting = bytearray()

    def read(self) -> bytes:
        """Everything that was not read."""
        data = bytes(self._waiting)
        self._waiting.clear()
        self.consumed += len(data)
        return data

    def take(self, data: Data) -> bool:
        """Whether nothing is missing before it. What has arrived before is dropped."""
        if data.offset > self.received:
            return False
        end = data.offset + len(data.content)
        if end > self.received:
            self._waiting += data.content[self.received - data.offset :]
            self.received = end
        self.finished = self.finished or (data.last and end == self.received)
        return True


class Window:
    """Bytes go in by `write` and come out of the other end's `read`, once and in order.

    Frames that `outgoing` makes may get lost, come twice, or come late, as long as some arrive. Whoever uses it brings
    them to the other end, says when a stream is `attached`, and calls `tick` every few seconds while one is.

    Attributes:
        joined: whether the other end has been there since the last `attached`.
        size: the columns and rows of the terminal at the other end; None while it has not said so.
        over: why the pipe is over; None while it is not.
    """

    def __init__(self) -> None:
        self.joined = False
        self.size: tuple[int, int] | None = None
        self.over: End | None = None
        self._outgoing = _Outgoing()
        self._incoming = _Incoming()
        self._said: End | None = None
        self._heard: End | None = None
        self._end_due = self._rewind_due = self._sent_due = self._size_due = False
        self._ack_due = False
        self._told = 0  # how many bytes the other end knows to be taken in
        self._asked = -1  # where the other end was asked to go on, for something was missing
        self._own_size = (0, 0)
        self._ticked = 0  # how many bytes were acknowledged at the last tick
        self._below = 0  # rewinds to bytes that were acknowledged, one after the other

    @property
    def room(self) -> int:
        """How many bytes may be written now."""
        return self._outgoing.room

    @property
    def closed(self) -> bool:
        """Whether nothing may be written any more."""
        return self._outgoing.last or self._said is not None or self.over is not None

    @property
    def waiting(self) -> int:
        """How many bytes there are to read."""
        return self._incoming.received - self._incoming.consumed

    @property
    def exhausted(self) -> bool:
        """Whether everything was read, and nothing follows."""
        return self._incoming.finished and not self.waiting

    @property
    def owes(self) -> bool:
        """Whether there is an acknowledgement that can wait for a moment."""
        return self._incoming.consumed > self._told

    @property
    def through(self) -> bool:
        """Whether the pipe is over, and the other end was told so."""
        return self.over is not None and not self._end_due

    def write(self, data: bytes | memoryview) -> None:
        """Takes in bytes to send, at most `room`."""
        self._outgoing.write(data)

    def finish(self) -> None:
        """Nothing follows what was written."""
        self._outgoing.finish()

    def end(self, end: End) -> None:
        """This end is through: the other one shall know, once it has everything. Only the first time counts."""
        if self._said is None and self.over is None:
            self._said = End(
                reason=end.reason, message=end.message, exit_status=end.exit_status, sent=self._outgoing.written
            )
            self._end_due = True
            self._settle()

    def give_up(self, end: End) -> None:
        """The pipe is over, and nobody need be told."""
        self.over, self._end_due = self.over or end, False

    def resize(self, width: int, height: int) -> None:
        """How large the terminal is at this end."""
        self._own_size, self._size_due = (width, height), True

    def read(self) -> bytes:
        """Everything that has arrived and was not read."""
        return self._incoming.read()

    def attached(self) -> None:
        """From here on frames go another way; what was on the old one may be lost."""
        self.joined = self._outgoing.sending = False
        self._end_due = self._said is not None

    def tick(self) -> None:
        """Time has passed: what may have been lost is said again."""
        if not self.joined or self.over is not None:
            return
        outgoing = self._outgoing
        if not outgoing.sending:
            outgoing.go_on(outgoing.acked)
        elif outgoing.acked == self._ticked < outgoing.written:
            self._sent_due = True
            if self._below >= _FORGETFUL:
                self._break_off(EndReason.END_REASON_FAILED, "the other end has lost what it had received")
        outgoing.repeat_last()
        self._ticked = outgoing.acked
        self._end_due = self._said is not None

    def outgoing(self, *, idle: bool = False) -> Frame | None:
        """The next frame for the other end; None where there is none.

        Args:
            idle: whether there is nothing better to do than what could wait.
        """
        return self._answer(idle) or self._outgoing.frame() or self._last_word()

    def _answer(self, idle: bool) -> Frame | None:
        incoming = self._incoming
        if self._rewind_due:
            self._rewind_due = False
            return Frame(rewind=Rewind(received=incoming.received))
        owed = incoming.consumed - self._told
        if self._ack_due or owed >= _ACK_AT or (owed and (idle or self.exhausted)):
            self._ack_due, self._told = False, incoming.consumed
            return Frame(ack=Ack(received=incoming.consumed))
        if self._size_due and self.joined:
            self._size_due = False
            return Frame(resize=Resize(width=self._own_size[0], height=self._own_size[1]))
        if self._sent_due:
            self._sent_due = False
            return Frame(sent=Sent(sent=self._outgoing.written))
        return None

    def _last_word(self) -> Frame | None:
        if self._said is None or not self._end_due or not self._may_end(self._said):
            return None
        self._end_due = False
        return Frame(end=self._said)

    def _may_end(self, end: End) -> bool:
        """What ran to its end is told when all of it was taken in; an end that is given up, when all was sent.

        Where the other end is not there, the latter is told at once: to the service.
        """
        if self.over is not None:
            return True
        outgoing = self._outgoing
        if end.reason == EndReason.END_REASON_EXITED:
            return self.joined and outgoing.acked == outgoing.written
        return outgoing.sent or not self.joined

    def receive(self, frame: Frame) -> None:
        """Makes the best of a frame."""
        match frame.WhichOneof("event"):
            case "data":
                self._data(frame.data)
            case "ack":
                self._acknowledged(frame.ack.received)
            case "rewind":
                self._rewound(frame.rewind.received)
            case "sent":
                self._rewind_due = self._incoming.received < frame.sent.sent
                self._ack_due = not self._rewind_due
            case "resize":
                self.size = (_side(frame.resize.width), _side(frame.resize.height))
            case "end":
                self._heard = frame.end
                self._settle()
                if self.over is None:
                    self._missing()
            case "joined":
                self.joined = self._rewind_due = self._ack_due = True
                self._size_due = self._own_size != (0, 0)
                self._asked = -1

    def _data(self, data: Data) -> None:
        if data.offset + len(data.content) > self._incoming.consumed + WINDOW:
            self._violated("it sent more than it had credit for")
        elif not self._incoming.take(data):
            self._missing()
        elif self._heard is not None:
            self._settle()

    def _missing(self) -> None:
        """A piece is missing. Asked for once: what follows it may be on the way many times over."""
        if self._asked != self._incoming.received:
            self._rewind_due, self._asked = True, self._incoming.received

    def _acknowledged(self, received: int) -> None:
        if received > self._outgoing.written:
            self._violated("it acknowledged what was never sent")
        elif received >= self._outgoing.acked:
            self._below = 0
            self._outgoing.acknowledged(received)

    def _rewound(self, received: int) -> None:
        if received > self._outgoing.written:
            self._violated("it received what was never sent")
        elif received < self._outgoing.acked:
            self._below += 1  # late, or of an end that has started anew
        else:
            self._below = 0
            self._outgoing.go_on(received)
            self._end_due = self._said is not None

    def _violated(self, how: str) -> None:
        self._break_off(EndReason.END_REASON_VIOLATED, f"the other end does not keep to the rules: {how}")

    def _break_off(self, reason: EndReason.ValueType, message: str) -> None:
        """It cannot go on: the other end need wait for nothing, nor is it waited for."""
        if self.over is None:
            self.over = self._said = End(reason=reason, message=message)
            self._end_due = True

    def _settle(self) -> None:
        """The pipe is over when the other end is through, and all of it is here or nobody waits for it."""
        heard = self._heard
        if heard is None or self.over is not None or not (self._said or self._incoming.received >= heard.sent):
            return
        self.over = heard if self._said is None or self._end_due else self._said  # whichever was there first
        if self._said is None:
            self._said = End(reason=EndReason.END_REASON_CLOSED, sent=self._outgoing.written)
            self._end_due = True


def _side(cells: int) -> int:
    """A side of a terminal, within the contract's bounds: whatever the other end says becomes a real one."""
    return min(max(cells, 1), _SIDE)
