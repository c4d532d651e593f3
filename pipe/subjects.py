"""The subjects of an end of a pipe on the bus."""

from pipe.attachment import Side

_FRAMES = "frames"


def both(pipe: str, side: Side) -> str:
    """What an end listens to."""
    return f"pipes.{pipe}.{side}.*"


def frames(pipe: str, side: Side) -> str:
    """Where frames to an end go."""
    return f"pipes.{pipe}.{side}.{_FRAMES}"


def notices(pipe: str, side: Side) -> str:
    """Where replicas say something to whoever has that end."""
    return f"pipes.{pipe}.{side}.notices"


def is_frame(subject: str) -> bool:
    """Whether that came which is a frame."""
    return subject.endswith(_FRAMES)
