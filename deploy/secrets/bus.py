"""Who may do what on the bus: each service has a key, each key its subjects."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nkeys


@dataclass(frozen=True)
class Permissions:
    """The subjects one key may publish to and subscribe to; all others are refused."""

    publish: Sequence[str]
    subscribe: Sequence[str]
    #: What it may not publish to, although it is among those.
    never: Sequence[str] = ()


# Whatever concerns the streams that are not of reports: `audit` is for users, `KV_pipes` for control and pipe. A
# wildcard of NATS is a whole token, so the names of those that are cannot be matched by how they begin.
_OTHERS = tuple(
    f"$JS.API.*.*.{place}{name}{rest}" for name in ("audit", "KV_pipes") for place in ("", "*.") for rest in ("", ".>")
)
# What the streams that it makes take in is said within the request, where no permission looks.
_WRITE = Permissions(
    publish=(
        "reports.>",
        "$JS.API.INFO",
        "$JS.API.STREAM.CREATE.*",
        "$JS.API.STREAM.UPDATE.*",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.MSG.GET.*",
        "$JS.API.DIRECT.GET.*",
        "$JS.API.DIRECT.GET.*.>",
    ),
    subscribe=("_INBOX_collection.>",),
    never=_OTHERS,
)
# Users files what others publish under `audit.SERVICE`, and deletes the logs of organizations that are gone. It asks
# who holds what, and hears who says so.
_FILE = Permissions(
    publish=(
        "$JS.API.STREAM.CREATE.audit",
        "$JS.API.STREAM.UPDATE.audit",
        "$JS.API.CONSUMER.DURABLE.CREATE.audit.users",
        "$JS.API.CONSUMER.MSG.NEXT.audit.users",
        "$JS.ACK.audit.users.>",
        "$JS.API.STREAM.DELETE.*",
        "routes.inquiries",
    ),
    subscribe=("_INBOX_users.>", "routes.answers.*.*"),
    never=("$JS.API.STREAM.DELETE.audit", "$JS.API.STREAM.DELETE.KV_pipes"),
)
# Those who read publish nothing themselves; but the server answers to whatever subject a request names. So these keys
# are for our own services, never for a tenant.
_READ = (
    "$JS.API.STREAM.INFO.*",
    "$JS.API.CONSUMER.CREATE.*",
    "$JS.API.CONSUMER.CREATE.*.>",
    "$JS.API.CONSUMER.INFO.*.*",
    "$JS.API.CONSUMER.DELETE.*.*",
    "$JS.API.CONSUMER.MSG.NEXT.*.*",
    "$JS.API.DIRECT.GET.*",
    "$JS.API.DIRECT.GET.*.>",
    "$JS.FC.>",
)
# Control brings calls to the replica that holds a probe's stream, in whose group one of them gets each, and what became
# of them to the inbox of the one that was asked. It tells the audit, and records pipes, and reads neither.
_CALL = Permissions(
    publish=(
        "controls.*.*.calls",
        "controls.*.*.notices",
        "_INBOX_control.*.*",
        "audit.control",
        "$KV.pipes.*",
        "$JS.API.STREAM.CREATE.KV_pipes",
        "$JS.API.STREAM.UPDATE.KV_pipes",
        "routes.answers.control.*",
    ),
    subscribe=("controls.*.*.calls holder", "controls.*.*.notices", "_INBOX_control.*.*", "routes.inquiries"),
)
# Pipe passes on what the ends of pipes say, and reads and writes the records of pipes. It may not change how these are
# kept: a bucket can be told to take in other streams, which pipe would then read.
_JOIN = Permissions(
    publish=(
        "pipes.*.*.*",
        "$KV.pipes.*",
        "$JS.API.STREAM.CREATE.KV_pipes",
        "$JS.API.STREAM.MSG.GET.KV_pipes",
        "routes.answers.pipe.*",
    ),
    subscribe=("pipes.*.*.*", "_INBOX_pipe.>", "routes.inquiries"),
)
PERMISSIONS = {
    "collection": _WRITE,
    "users": _FILE,
    "query": Permissions(_READ, ("_INBOX_query.>",), _OTHERS),
    "control": _CALL,
    "pipe": _JOIN,
    # Readers from outside, tests and benchmarks, know an organization by its name and its stream only by looking.
    "reader": Permissions((*_READ, "$JS.API.STREAM.NAMES"), ("_INBOX_reader.>",), _OTHERS),
}


def user(seed: str, permissions: Permissions) -> dict[str, Any]:
    """One of the users in the server's configuration, by the public key of this seed."""
    return {
        "nkey": nkeys.from_seed(seed.encode()).public_key.decode(),
        "permissions": {
            "publish": {"allow": permissions.publish, "deny": permissions.never},
            "subscribe": {"allow": permissions.subscribe},
        },
    }


def new_seed() -> str:
    """What a user of the bus proves by who it is."""
    return str(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER).decode())
