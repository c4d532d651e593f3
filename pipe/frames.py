"""Frames as the service sees them: bytes, of which it looks at the first few.

`AttachRequest` and `AttachResponse` are the same on the wire, so that a frame of one end is passed on as it came. Two
lengths and two tags come first. Where both lengths reach just to the end there is one event in the frame, and nothing
that a later reader could take for another.
"""

from scope.pipe.v1.messages_pb2 import AttachRequest, AttachResponse, Drain, End, Frame, Joined

#: What an end may have sent without an acknowledgement, in bytes: its credit.
CREDIT = 256 * 1024
#: Bytes of a frame: those of its data, and what goes around them.
FRAME_BYTES = 64 * 1024 + 64

#: Kinds of frames, by the number of their field.
DATA = Frame.DATA_FIELD_NUMBER
END = Frame.END_FIELD_NUMBER
_OF_ENDS = frozenset(
    {
        DATA,
        Frame.ACK_FIELD_NUMBER,
        Frame.REWIND_FIELD_NUMBER,
        Frame.SENT_FIELD_NUMBER,
        Frame.RESIZE_FIELD_NUMBER,
        END,
    }
)

#: What the service says itself.
JOINED = AttachResponse(frame=Frame(joined=Joined())).SerializeToString()
DRAIN = AttachResponse(frame=Frame(drain=Drain())).SerializeToString()

# The tag of the field `frame`: number 1, with a length.
_FRAME = AttachRequest.FRAME_FIELD_NUMBER << 3 | 2
_WITH_LENGTH = 2
# The longest length of a frame takes three bytes of seven bits each.
_LENGTH_BITS = 21


def kind(frame: bytes) -> int:
    """Which of the events that ends may send it is, by the number of its field; 0 where it is none of them."""
    event = _inside(frame, 0)
    if not event or event == len(frame) or frame[0] != _FRAME or not _inside(frame, event):
        return 0
    tag = frame[event]
    return tag >> 3 if tag & 7 == _WITH_LENGTH and tag >> 3 in _OF_ENDS else 0


def _inside(frame: bytes, tag: int) -> int:
    """Where the content begins of the field with its one-byte tag there, if that is all that follows; else 0."""
    length = shift = 0
    for position in range(tag + 1, len(frame)):
        byte = frame[position]
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return position + 1 if position + 1 + length == len(frame) else 0
        shift += 7
        if shift >= _LENGTH_BITS:
            break
    return 0


def end_frame(end: End) -> bytes:
    """An end, as the service says it."""
    return AttachResponse(frame=Frame(end=end)).SerializeToString()


def end_of(frame: bytes) -> End:
    """What an end says with its last frame; raises DecodeError where it cannot be read."""
    return AttachRequest.FromString(frame).frame.end
