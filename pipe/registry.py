"""The ends that are attached to this replica."""

from collections.abc import Iterator

from mesh.routes import timestamp
from pipe import frames
from pipe.attachment import Attachment, Side
from scope.pipe.v1.messages_pb2 import End
from scope.routes.v1.routes_pb2 import Held


class Registry:
    """Which ends are attached here, at most one of each side of a pipe. Two of one pipe are spliced."""

    def __init__(self) -> None:
        self._pipes: dict[str, dict[Side, Attachment]] = {}

    def __iter__(self) -> Iterator[Attachment]:
        return iter([attachment for sides in self._pipes.values() for attachment in sides.values()])

    def __len__(self) -> int:
        return sum(map(len, self._pipes.values()))

    def routes(self) -> Iterator[Held]:
        """The same, for whoever looks for them."""
        for one in self:
            yield Held(
                organization=one.organization,
                probe_id=one.probe,
                pipe_id=one.pipe,
                end=one.side,
                since=timestamp(one.since),
            )

    def find(self, pipe: str, side: Side) -> Attachment | None:
        """The end of a pipe that is attached here, if it is."""
        return self._pipes.get(pipe, {}).get(side)

    def add(self, attachment: Attachment) -> None:
        """Takes an end in; joins it with the other one, where that is here."""
        sides = self._pipes.setdefault(attachment.pipe, {})
        sides[attachment.side] = attachment
        other = sides.get(attachment.side.other)
        if other is not None:
            attachment.peer, other.peer = other, attachment
            for end in (attachment, other):
                end.asked = False
                end.outbox.put(frames.JOINED)

    def remove(self, attachment: Attachment) -> Attachment | None:
        """Lets an end go; answers the one that it was spliced with, whose other end may be elsewhere by now."""
        if self.find(attachment.pipe, attachment.side) is not attachment:
            return None
        sides = self._pipes[attachment.pipe]
        del sides[attachment.side]
        if not sides:
            del self._pipes[attachment.pipe]
        peer, attachment.peer = attachment.peer, None
        if peer is not None:
            peer.peer = None
        return peer

    def end(self, pipe: str, end: End) -> None:
        """Ends both ends of a pipe, where they are here."""
        for side in Side:
            if (attachment := self.find(pipe, side)) is not None:
                self.remove(attachment)
                attachment.finish(end)
