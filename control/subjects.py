"""Where on the bus what is said.

Calls of a probe go to one of the replicas that hold a stream of it, notices to all of them. What becomes of a call goes
to the inbox of the replica that was asked: the call's id names it.
"""

import re
import secrets

#: The queue group of those who hold a probe's stream: one of them gets a call.
HOLDERS = "holder"
#: The inbox of all replicas.
INBOX = "_INBOX_control"

_CALL = re.compile(r"[0-9a-f]{16}\.[0-9a-f]{32}")


def calls(organization: str, probe: str) -> str:
    """Where the calls of a probe go."""
    return f"controls.{organization}.{probe}.calls"


def notices(organization: str, probe: str) -> str:
    """Where replicas tell each other about a probe."""
    return f"controls.{organization}.{probe}.notices"


def new_replica() -> str:
    """A name for a replica."""
    return secrets.token_hex(8)


def new_call(replica: str) -> str:
    """An id for a call that a replica was asked for; whoever knows it may answer."""
    return f"{replica}.{secrets.token_hex(16)}"


def random_part(call: str) -> str:
    """What tells a call from all others, wherever they were asked for: 32 hexadecimal digits."""
    return call.partition(".")[2]


def inbox(call: str) -> str:
    """Where what becomes of a call goes."""
    return f"{INBOX}.{call}"


def is_call(name: str) -> bool:
    """Whether this can be the id of a call: a probe may say anything."""
    return _CALL.fullmatch(name) is not None
