"""Two ends, and between them whatever a network does."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scope.pipe.v1.messages_pb2 import Ack, Data, End, EndReason, Frame, Joined, Resize, Rewind, Sent
from scope_sdk._window import FRAME, WINDOW, Window

EXITED = End(reason=EndReason.END_REASON_EXITED, message="done", exit_status=3)
CLOSED = End(reason=EndReason.END_REASON_CLOSED)


def some(start: int, length: int) -> bytes:
    """Bytes that tell where they belong."""
    return bytes((number * 7 + (number >> 8)) & 255 for number in range(start, start + length))


@dataclass
class Side:
    """One end, its user, and the frames on their way from it."""

    window: Window = field(default_factory=Window)
    written: bytearray = field(default_factory=bytearray)
    read: bytearray = field(default_factory=bytearray)
    sent: deque[bytes] = field(default_factory=deque)

    def write(self, length: int) -> None:
        if not self.window.closed:
            data = some(len(self.written), min(length, self.window.room))
            self.window.write(data)
            self.written += data

    def take(self) -> None:
        if self.window.waiting:
            assert self.window.waiting <= WINDOW
            self.read += self.window.read()

    def flush(self, *, idle: bool = True) -> None:
        while frame := self.window.outgoing(idle=idle):
            assert len(frame.data.content) <= FRAME
            self.sent.append(frame.SerializeToString())


@dataclass
class Channel:
    """Brings frames from end to end, loses some of them, says some twice."""

    one: Side = field(default_factory=Side)
    other: Side = field(default_factory=Side)
    late: deque[tuple[Side, bytes]] = field(default_factory=lambda: deque(maxlen=3))

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.one, self.other

    def deliver(self, number: int, *, lose: bool = False) -> None:
        for side, peer in (self.sides, self.sides[::-1]):
            side.flush(idle=False)
            for _ in range(min(number, len(side.sent))):
                frame = side.sent.popleft()
                if not lose:
                    peer.window.receive(Frame.FromString(frame))
                    self.late.append((peer, frame))

    def repeat(self) -> None:
        """What has just arrived comes once more."""
        for peer, frame in list(self.late):
            peer.window.receive(Frame.FromString(frame))

    def cut(self, *, both: bool = True) -> None:
        """The way is gone, and what was on it; one end or both attach anew."""
        for side in self.sides[: 1 + both]:
            side.window.attached()
        for side in self.sides:
            side.flush()
            side.sent.clear()
        self.late.clear()

    def join(self) -> None:
        for side in self.sides:
            side.window.receive(Frame(joined=Joined()))

    def tick(self) -> None:
        for side in self.sides:
            side.window.tick()

    def settle(self, until: Callable[[], bool]) -> None:
        """A while without faults."""
        self.join()
        for _ in range(60):
            for _ in range(30):
                for side in self.sides:
                    side.take()
                    side.flush()
                self.deliver(1_000)
            if until():
                return
            self.tick()
        pytest.fail("it did not come to rest")


STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["write"]), st.sampled_from([0, 1]), st.sampled_from([1, 3, 1_000, FRAME, FRAME + 1, WINDOW])
    ),
    st.tuples(st.sampled_from(["read", "finish"]), st.sampled_from([0, 1]), st.just(0)),
    st.tuples(st.sampled_from(["deliver", "lose"]), st.just(0), st.integers(1, 5)),
    st.tuples(st.sampled_from(["repeat", "cut", "cut one", "join", "tick"]), st.just(0), st.just(0)),
)


def step(channel: Channel, what: str, who: int, how_much: int) -> None:
    side = channel.sides[who]
    match what:
        case "write":
            side.write(how_much)
        case "read":
            side.take()
        case "finish":
            side.window.finish()
        case "deliver":
            channel.deliver(how_much)
        case "lose":
            channel.deliver(how_much, lose=True)
        case "cut" | "cut one":
            channel.cut(both=what == "cut")
        case _:
            getattr(channel, what)()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEPS, max_size=60), st.sampled_from(["finish", "exit", "close", "both"]))
def test_every_byte_arrives_once_and_in_order_and_the_ends_agree(steps: list[tuple[str, int, int]], end: str) -> None:
    channel = Channel()
    for what in steps:
        step(channel, *what)
        for side, peer in (channel.sides, channel.sides[::-1]):
            assert peer.written.startswith(side.read)
            assert len(peer.written) - len(side.read) <= WINDOW
    channel.settle(lambda: all(a.written == b.read for a, b in (channel.sides, channel.sides[::-1])))

    one, other = channel.sides
    if end == "finish":
        one.window.finish()
        other.window.finish()
        channel.settle(lambda: one.window.exhausted and other.window.exhausted)
        assert one.window.over is None
        return
    one.write(WINDOW)
    one.window.end(EXITED if end == "exit" else CLOSED)
    if end == "both":
        other.window.end(EXITED)
    channel.deliver(3)
    channel.cut()
    channel.settle(lambda: one.window.through and other.window.through)
    if end != "both":
        assert other.read == one.written
        assert other.window.over is not None
        assert other.window.over.exit_status == (3 if end == "exit" else 0)


def joined() -> Channel:
    channel = Channel()
    channel.join()
    channel.deliver(10)
    return channel


def test_nothing_more_is_sent_than_the_other_end_has_room_for() -> None:
    channel = joined()
    channel.one.write(2 * WINDOW)
    assert channel.one.window.room == 0
    channel.deliver(100)
    assert channel.other.window.waiting == WINDOW
    assert channel.one.window.room == 0
    channel.other.take()
    channel.deliver(1)
    assert channel.one.window.room == WINDOW


def test_small_writes_travel_together_and_small_reads_are_acknowledged_together() -> None:
    channel = joined()
    for _ in range(1_000):
        channel.one.write(10)
    channel.one.flush()
    assert len(channel.one.sent) == 1
    channel.deliver(1)
    channel.other.take()
    assert channel.other.window.outgoing() is None
    assert channel.other.window.owes
    assert channel.other.window.outgoing(idle=True) == Frame(ack=Ack(received=10_000))


def test_a_missing_piece_is_asked_for_once() -> None:
    channel = joined()
    channel.one.write(WINDOW)
    channel.one.flush()
    channel.one.sent.popleft()
    while channel.one.sent:
        channel.other.window.receive(Frame.FromString(channel.one.sent.popleft()))
        channel.other.flush()
    assert [Frame.FromString(frame).rewind for frame in channel.other.sent] == [Rewind(received=0)]
    channel.deliver(10)
    channel.deliver(10)
    channel.other.take()
    assert channel.other.read == channel.one.written


def test_more_than_there_is_credit_for_ends_the_pipe() -> None:
    window = joined().one.window
    for number in range(WINDOW // FRAME):
        window.receive(Frame(data=Data(offset=number * FRAME, content=bytes(FRAME))))
    window.receive(Frame(data=Data(offset=WINDOW, content=b"x")))
    assert window.waiting == WINDOW
    said = window.outgoing()
    assert said is not None
    assert said.end.reason == EndReason.END_REASON_VIOLATED
    assert window.through


@pytest.mark.parametrize("frame", [Frame(ack=Ack(received=1)), Frame(rewind=Rewind(received=1))])
def test_what_was_never_sent_cannot_have_arrived(frame: Frame) -> None:
    window = joined().one.window
    window.receive(frame)
    said = window.outgoing()
    assert said is not None
    assert said.end.reason == EndReason.END_REASON_VIOLATED


def test_an_end_that_has_forgotten_what_it_received_is_not_waited_for() -> None:
    channel = joined()
    channel.one.write(10)
    channel.deliver(1)
    channel.other.take()
    channel.other.flush()
    channel.deliver(1)
    channel.other.window = Window()
    channel.other.window.attached()
    channel.join()
    channel.one.write(10)
    channel.settle(lambda: channel.other.window.through)
    assert channel.other.window.over is not None
    assert "has lost what it had received" in channel.other.window.over.message


def test_the_end_of_what_ran_is_told_when_everything_was_taken_in() -> None:
    channel = joined()
    channel.one.write(10)
    channel.one.window.end(EXITED)
    channel.deliver(10)
    assert channel.other.window.over is None
    channel.other.take()
    channel.settle(lambda: channel.one.window.through and channel.other.window.through)


def test_an_end_that_is_given_up_is_told_at_once_where_nobody_is_there() -> None:
    window = Window()
    window.attached()
    window.write(b"x")
    window.end(CLOSED)
    frame = window.outgoing()
    assert frame is not None
    assert frame.end == End(reason=EndReason.END_REASON_CLOSED, sent=1)


def test_an_end_by_the_service_counts_at_once_and_what_has_arrived_can_still_be_read() -> None:
    channel = joined()
    channel.one.write(10)
    channel.deliver(1)
    window = channel.other.window
    window.receive(Frame(end=End(reason=EndReason.END_REASON_IDLE, message="too long")))
    assert window.over is not None
    assert window.over.message == "too long"
    assert window.read() == channel.one.written


def test_how_far_an_end_is_is_answered() -> None:
    channel = joined()
    window = channel.other.window
    window.receive(Frame(sent=Sent(sent=5)))
    assert window.outgoing() == Frame(rewind=Rewind(received=0))
    window.receive(Frame(sent=Sent(sent=0)))
    assert window.outgoing() == Frame(ack=Ack(received=0))


def test_the_size_of_a_terminal_is_told_and_told_again_to_whoever_comes() -> None:
    channel = joined()
    channel.one.window.resize(80, 24)
    channel.deliver(1)
    assert channel.other.window.size == (80, 24)
    channel.other.window = Window()
    channel.cut()
    channel.join()
    channel.deliver(10)
    assert channel.other.window.size == (80, 24)


@pytest.mark.parametrize("told", [(0, 0), (1, 2**32 - 1)])
def test_a_terminal_has_a_size_that_terminals_can_have(told: tuple[int, int]) -> None:
    window = Window()
    window.receive(Frame(resize=Resize(width=told[0], height=told[1])))
    assert window.size == (1, min(max(told[1], 1), 10_000))


def test_of_what_has_arrived_in_part_the_rest_is_taken() -> None:
    window = Window()
    window.receive(Frame(data=Data(offset=0, content=b"abc")))
    window.receive(Frame(data=Data(offset=1, content=b"bcde")))
    assert window.read() == b"abcde"


def lose(channel: Channel) -> None:
    """What both ends have to say gets lost."""
    for side in channel.sides:
        side.flush()
        side.sent.clear()


def test_that_nothing_follows_is_said_again_where_it_got_lost() -> None:
    channel = joined()
    channel.one.window.finish()
    lose(channel)
    channel.tick()
    channel.deliver(10)
    assert channel.other.window.exhausted


def test_that_nothing_follows_is_said_again_to_who_comes_back() -> None:
    channel = joined()
    channel.one.window.finish()
    lose(channel)
    channel.cut()
    channel.join()
    for _ in range(2):
        channel.deliver(10)
    assert channel.other.window.exhausted


def test_an_end_that_got_lost_is_said_again() -> None:
    channel = joined()
    channel.one.window.end(CLOSED)
    lose(channel)
    channel.tick()
    channel.deliver(10)
    assert channel.other.window.over is not None


def test_who_is_not_told_where_to_go_on_goes_on_after_a_while() -> None:
    channel = Channel()
    channel.join()
    lose(channel)
    channel.one.write(10)
    channel.deliver(10)
    channel.other.take()
    assert not channel.other.read
    channel.tick()
    channel.deliver(10)
    channel.other.take()
    assert channel.other.read == channel.one.written
