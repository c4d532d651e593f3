"""What a replica consists of, and how the parts know each other."""

from nats.aio.client import Client

from pipe.bucket import Bucket
from pipe.ending import Endings
from pipe.errands import Errands
from pipe.joining import Joining
from pipe.passing import Passing
from pipe.records import Records
from pipe.registry import Registry


class Parts:
    """The parts of one replica.

    Args:
        client: its connection to the bus.
        copies: how many servers of the bus keep records.
    """

    def __init__(self, client: Client, copies: int) -> None:
        self.client = client
        self.errands = Errands()
        self.registry = Registry()
        self.records = Records(Bucket(client, copies))
        self.endings = Endings(client, self.registry, self.records, self.errands)
        self.joining = Joining(client, self.registry, self.endings, self.errands)
        self.passing = Passing(client, self.endings)
