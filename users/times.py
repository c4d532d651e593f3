"""Times of the database as answers hold them."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(time: datetime | None) -> Timestamp | None:
    """A time; absent where there is none."""
    if time is None:
        return None
    answer = Timestamp()
    answer.FromDatetime(time)
    return answer
