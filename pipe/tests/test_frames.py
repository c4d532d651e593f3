"""What the service sees of a frame, it sees in its first bytes, and nothing is hidden behind them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe import frames
from scope.pipe.v1.messages_pb2 import (
    Ack,
    AttachRequest,
    AttachResponse,
    Data,
    Drain,
    End,
    EndReason,
    Frame,
    Joined,
    Resize,
    Rewind,
    Sent,
)

_NUMBERS = st.integers(0, 2**64 - 1)
_OF_ENDS = st.one_of(
    st.builds(lambda at, content, last: Frame(data=Data(offset=at, content=content, last=last)), _NUMBERS,
              st.binary(max_size=300) | st.integers(0, 70_000).map(bytes), st.booleans()),
    _NUMBERS.map(lambda count: Frame(ack=Ack(received=count))),
    _NUMBERS.map(lambda count: Frame(rewind=Rewind(received=count))),
    _NUMBERS.map(lambda count: Frame(sent=Sent(sent=count))),
    st.integers(0, 10_000).map(lambda size: Frame(resize=Resize(width=size, height=size))),
    st.text(max_size=1000).map(lambda text: Frame(end=End(reason=EndReason.END_REASON_EXITED, message=text))),
)  # fmt: skip


@given(_OF_ENDS)
def test_what_is_sent_and_what_is_received_are_the_same_bytes(frame: Frame) -> None:
    sent = AttachRequest(frame=frame).SerializeToString()
    assert AttachResponse.FromString(sent).frame == frame
    assert AttachResponse(frame=frame).SerializeToString() == sent


@given(_OF_ENDS)
def test_a_frame_is_of_the_kind_that_it_holds(frame: Frame) -> None:
    event = frame.WhichOneof("event")
    assert event is not None
    number = Frame.DESCRIPTOR.fields_by_name[event].number
    assert frames.kind(AttachRequest(frame=frame).SerializeToString()) == number


@given(st.binary(max_size=40))
def test_bytes_that_have_a_kind_hold_that_and_nothing_else(given: bytes) -> None:
    if kind := frames.kind(given):
        # Read as any reader may: unknown fields aside, the last event wins, and there is one.
        inside = given[2:] if given[1] < 0x80 else given[3:] if given[2] < 0x80 else given[4:]
        assert inside[0] == kind << 3 | 2


ACK = Frame(ack=Ack(received=1)).SerializeToString()
DATA = Frame(data=Data(content=b"rm\n")).SerializeToString()


def framed(inside: bytes) -> bytes:
    """A request with that in the place of its frame."""
    return bytes([0x0A, len(inside)]) + inside


@pytest.mark.parametrize(
    "hidden",
    [
        framed(ACK + DATA),
        framed(ACK) + framed(DATA),
        framed(b""),
        b"",
        framed(ACK)[:-1],
        framed(ACK) + b"\0",
        framed(b"\x8a\x00" + DATA[1:]),
        b"\x0a\x80\x80\x80\x80\x00",
        AttachRequest(frame=Frame(joined=Joined())).SerializeToString(),
        AttachRequest(frame=Frame(drain=Drain())).SerializeToString(),
    ],
)
def test_what_is_more_or_less_than_one_event_of_an_end_is_none(hidden: bytes) -> None:
    assert frames.kind(hidden) == 0
