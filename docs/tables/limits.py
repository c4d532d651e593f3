"""`docs/limits.md`: everything that is bounded, read from the constants, settings and contracts that bound it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor
from grpc import StatusCode

from authfe.edge import limits as edge
from authfe.sockets import frames as websocket
from authfe.sockets import server as sockets
from authfe.sockets.settings import SocketsSettings
from collection import aside, log, reports
from collection import limits as pace
from collection.settings import CollectionSettings
from control import hello, outcomes
from control import service as calling
from control.settings import ControlSettings
from docs.tables.markdown import table
from mesh import limits as mesh
from mesh import pipes
from mesh.contracts import rpcs
from mesh.rates import Rate
from mesh.settings import ProcessSettings, Settings
from pipe import frames, outbox
from pipe.settings import PipeSettings
from query import telling, views
from query.settings import QuerySettings
from scope.errors.v1.errors_pb2 import Reason
from scope_sdk.report import limits as report
from ui import files as pages
from users import cache, database, invitations, members, sessions, tokens
from users import tables as accounts
from users.settings import UsersSettings

_COLUMNS = ("what", "at most", "set by", "beyond it")
_FIXED = "fixed"
_MIB = 1024 * 1024

_INTRODUCTION = """\
# Limits

Everything that somebody could make grow is bounded. This page is made from the code (`make gen`), so it cannot disagree
with it. Where a setting is named, it is an environment variable of that service (`make up` passes its own environment
on to every service); what is so much "at a replica" is counted by each replica for itself. Each refusal is said as
status, reason (`google.rpc.ErrorInfo`) and HTTP status, and its message names the bound.
"""

_HTTP = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "NOT_FOUND": 404,
}


def _refused(code: StatusCode, reason: Reason.ValueType, more: str = "") -> str:
    """How a refusal of a service is said."""
    name = Reason.Name(reason).removeprefix("REASON_")
    return f"{code.name}, `{name}`, {_HTTP[code.name]}{more and f'; {more}'}"


_INVALID_REPORT = _refused(StatusCode.INVALID_ARGUMENT, Reason.REASON_REPORT_INVALID, "names the field")
_INVALID_FIELD = _refused(StatusCode.INVALID_ARGUMENT, Reason.REASON_INVALID_FIELD, "names the field")
_LIMIT_EXCEEDED = _refused(StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_LIMIT_EXCEEDED)
_RATE_EXCEEDED = _refused(
    StatusCode.RESOURCE_EXHAUSTED,
    Reason.REASON_RATE_EXCEEDED,
    f"`google.rpc.RetryInfo` and `Retry-After` of {pace.WAIT_SECONDS:.0f} s; the SDK waits and goes on",
)
_TOO_OFTEN = _refused(
    StatusCode.RESOURCE_EXHAUSTED,
    Reason.REASON_RATE_EXCEEDED,
    "`google.rpc.RetryInfo` and `Retry-After` of the exact time",
)
_CLOSED = "it is closed with 1009, and says why"
_BURST = f", with bursts of {pace.BURST_SECONDS:.0f} s' worth"
_TOO_LARGE = _LIMIT_EXCEEDED.replace("429", "413")
_HEADERS = _LIMIT_EXCEEDED.replace("429", "431")


@dataclass(frozen=True)
class Limit:
    """One line; `source` is what its value was read from: `module.NAME`, or a setting."""

    what: str
    value: str
    where: str
    beyond: str
    source: str


def page() -> str:
    """The whole page."""
    sections = (
        ("What one report holds", _report()),
        ("Messages, headers and answers", _messages()),
        ("Fields of requests", list(_fields())),
        ("Accounts", _accounts()),
        ("How often", _rates()),
        ("Streams, calls and reports", _pace()),
        ("The report log", _log()),
        ("Controls", _controls()),
        ("Pipes", _pipes()),
    )
    tables = (f"\n## {title}\n\n{table(_COLUMNS, [_cells(limit) for limit in limits])}" for title, limits in sections)
    return _INTRODUCTION + "".join(tables)


def rows() -> Sequence[Limit]:
    """Every line but those of the contracts' fields."""
    return [*_report(), *_messages(), *_accounts(), *_rates(), *_pace(), *_log(), *_controls(), *_pipes()]


def _cells(limit: Limit) -> Sequence[str]:
    return limit.what, limit.value, limit.where, limit.beyond


def _fixed(what: str, module: ModuleType, name: str, beyond: str, *, unit: str = "") -> Limit:
    """A limit that is a constant."""
    return Limit(what, _said(getattr(module, name), unit), _FIXED, beyond, f"{module.__name__}.{name}")


def _setting(what: str, settings: type[ProcessSettings], name: str, beyond: str, *, unit: str = "") -> Limit:
    """A limit that an operator sets."""
    value = _said(settings.model_fields[name].default, unit)
    return Limit(what, value, f"`{name.upper()}`", beyond, name)


def _said(value: float | Rate, unit: str) -> str:
    if isinstance(value, Rate):
        return value.text
    if unit == "bytes" and value % _MIB == 0:
        value, unit = value // _MIB, "MiB"
    return f"{value:,.0f} {unit}".rstrip()


def _report() -> list[Limit]:
    said = {
        "REPORT_BYTES": ("the serialised report", "bytes"),
        "NODES": ("nodes; removed nodes of a delta", ""),
        "CONNECTIONS": ("connections; translations (NAT)", ""),
        "ADDRESSES": ("addresses of connections; addresses with names", ""),
        "NAMES": ("names of one address in each direction; interfaces of a plugin", ""),
        "STRINGS": ("different attribute keys and ids of metrics, templates and controls", ""),
        "KEY_LENGTH": ("attribute key, id of a metric, template, control or column, name of an address", "characters"),
        "ID_LENGTH": ("a node's own part of its id, a row's id", "characters"),
        "LABEL_LENGTH": ("anything that names something to a person", "characters"),
        "TEXT_LENGTH": ("an attribute's text, a member of a set, a cell", "characters"),
        "ADDRESS_LENGTH": ("an address with its scope", "characters"),
        "ATTRIBUTES": ("attributes of a node, of each kind (text, number, set)", ""),
        "PARENTS": ("parents of a node", ""),
        "NODE_ADDRESSES": ("addresses that reach a node and nothing else", ""),
        "CONTROLS": ("controls of a node", ""),
        "SET_VALUES": ("values of a set", ""),
        "TABLES": ("tables of a node", ""),
        "ROWS": ("rows of a table", ""),
        "COLUMNS": ("columns of a table, cells of a row", ""),
        "TEMPLATES": ("rows, metrics, tables, columns, controls and their arguments declared, together", ""),
        "ARGUMENTS": ("arguments of a control", ""),
        "CHOICES": ("what an argument of a control may be", ""),
        "METRICS": ("different metrics", ""),
        "SAMPLE_TIMES": ("different moments of samples", ""),
        "SAMPLE_SPAN_MS": ("from the oldest to the newest sample", "ms"),
        "METRIC_VALUES": ("values of all metrics", ""),
        "PLUGINS": ("plugins", ""),
        "PORT": ("a port", ""),
        "COUNT": ("connections that one row stands for", ""),
        "SAFE_INTEGER": ("epoch, number, milliseconds since 1970 (below)", ""),
    }
    limits = [_fixed(what, report, name, _INVALID_REPORT, unit=unit) for name, (what, unit) in said.items()]
    return [*limits, _fixed("version of the program", reports, "VERSION_LENGTH", _INVALID_REPORT, unit="characters")]


def _messages() -> list[Limit]:
    large = f"{_TOO_LARGE}; from gRPC itself without a reason"
    instead = "says what to read instead"
    too_large = _refused(StatusCode.FAILED_PRECONDITION, Reason.REASON_ANSWER_TOO_LARGE, instead)
    return [
        _fixed("a message to collection, a body with a report", mesh, "MESSAGE_BYTES", large, unit="bytes"),
        _fixed("a probe's message to control or pipe", mesh, "ANSWER_OF_PROBE_BYTES", large, unit="bytes"),
        _fixed("a message to another service, any other body", mesh, "REQUEST_BYTES", large, unit="bytes"),
        _fixed("an answer under `/api`", mesh, "ANSWER_BYTES", too_large, unit="bytes"),
        _fixed(
            "the pages, with what is compressed of them", pages, "TOTAL_BYTES", "ui-server does not start", unit="bytes"
        ),
        _fixed("headers of a request", edge, "HEADERS", _HEADERS),
        _fixed("headers of a request together", edge, "HEADER_KB", _HEADERS, unit="KiB"),
        _fixed("connections to an edge (fewer where it may open fewer files)", edge, "CONNECTIONS", "closed at once"),
        _fixed("streams at once in one HTTP/2 connection", edge, "STREAMS", "wait in the client"),
    ]


def _accounts() -> list[Limit]:
    unknown = _refused(StatusCode.UNAVAILABLE, Reason.REASON_IDENTITY_UNAVAILABLE)
    return [
        _fixed("an e-mail address", accounts, "EMAIL_LENGTH", _INVALID_FIELD, unit="characters"),
        _fixed(
            "name of a person, an organization or a token", accounts, "NAME_LENGTH", _INVALID_FIELD, unit="characters"
        ),
        _fixed("an organization's id", accounts, "SLUG_LENGTH", _INVALID_FIELD, unit="characters"),
        _fixed("credentials that a replica of users looks up at once", cache, "LOOKUPS", unknown),
        _fixed(
            "connections of a replica of users to the database",
            database,
            "CONNECTIONS",
            f"calls wait, at most {database.PATIENCE:.0f} s",
        ),
        _fixed("probe tokens of an organization; API tokens of a person in one", tokens, "LIMIT", _LIMIT_EXCEEDED),
        _fixed("sessions of a person", sessions, "LIMIT", "the one that was unused for longest ends"),
        _setting(
            "organizations that one person administers and may make another",
            UsersSettings,
            "organizations_per_person",
            _LIMIT_EXCEEDED,
        ),
        _fixed("organizations that a person belongs to", members, "LIMIT", _LIMIT_EXCEEDED),
        _fixed("open invitations of an organization", invitations, "LIMIT", _LIMIT_EXCEEDED),
        _setting("exports of the audit by one person at a replica", UsersSettings, "exports_per_user", _LIMIT_EXCEEDED),
    ]


def _rates() -> list[Limit]:
    """As many at once; what was used comes back evenly."""
    said = {
        "api_rate": "calls with one API token or session, at a replica",
        "sign_in_rate": "attempts to sign in from one address, or IPv6 network of 64 bits; replicas count together",
        "sign_up_rate": "requests to sign up from one address or network; replicas count together",
        "sign_in_mail_rate": "requests to sign up for one e-mail address; replicas count together",
        "mail_rate": "mails to one e-mail address, whatever they say; replicas count together",
        "organization_rate": "attempts of one person to make an organization; replicas count together",
        "invitation_rate": "invitations by one person; replicas count together",
    }
    return [_setting(what, UsersSettings, name, _TOO_OFTEN) for name, what in said.items()]


def _pace() -> list[Limit]:
    requests = _setting(
        "calls of a credential (or of all without one) at once at a replica; watches count, streams of reports do not",
        Settings,
        "requests_per_credential",
        _LIMIT_EXCEEDED,
    )
    said = {
        "streams_per_credential": ("streams of reports of one token at a replica", _LIMIT_EXCEEDED),
        "probes_per_organization": (
            "probes in an organization's report log, where it has no limit of its own",
            _LIMIT_EXCEEDED,
        ),
        "reports_per_second_per_probe": (f"reports a second of a probe to a replica{_BURST}", _RATE_EXCEEDED),
        "reports_per_second_per_organization": (
            f"reports a second of an organization to a replica, where it has no limit of its own{_BURST}",
            _RATE_EXCEEDED,
        ),
    }
    streams = [_setting(what, CollectionSettings, name, beyond) for name, (what, beyond) in said.items()]
    watches = _setting("watches of one person at a replica", QuerySettings, "watches_per_user", _LIMIT_EXCEEDED)
    choices = _fixed(
        "topologies that are watched in an organization at a replica, each choice of options counted",
        views,
        "MOST",
        _LIMIT_EXCEEDED,
    )
    waiting = _fixed(
        "reports that wait in a replica for a log that does not take them, together",
        log,
        "WAITING_BYTES",
        _refused(StatusCode.UNAVAILABLE, Reason.REASON_LOG_UNAVAILABLE, "they stay with their probes"),
        unit="bytes",
    )
    chunk = _fixed("nodes in one event of a watch", telling, "NODES", "the rest follows in further events")
    large = _fixed(
        f"reports of more than {aside.LARGE // 1024} KiB that a replica looks at at once; one of an organization",
        aside,
        "AT_ONCE",
        "wait their turn",
    )
    return [requests, watches, choices, chunk, *streams, large, waiting]


def _log() -> list[Limit]:
    oldest = "the oldest reports go first"
    full = _refused(StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_LOG_FULL, "says what to raise")
    return [
        Limit(
            "what the logs of all organizations reserve",
            "of NATS's disk, three quarters",
            "its `max_file_store`",
            full,
            "",
        ),
        _setting("reports of an organization together", CollectionSettings, "log_max_bytes", oldest, unit="bytes"),
        _setting("age of a report", CollectionSettings, "log_max_age", oldest, unit="s"),
    ]


def _controls() -> list[Limit]:
    unanswered = "DEADLINE_EXCEEDED, `TIMEOUT`, 504"
    unknown = "UNKNOWN, `OUTCOME_UNKNOWN`, 500"
    too_large = _refused(StatusCode.FAILED_PRECONDITION, Reason.REASON_ANSWER_TOO_LARGE)
    return [
        _setting(
            "streams of probes of one token at a replica", ControlSettings, "streams_per_credential", _LIMIT_EXCEEDED
        ),
        _setting("calls of a probe under way at once", ControlSettings, "calls_per_probe", _LIMIT_EXCEEDED),
        _fixed("how long a call waits for its answer", calling, "WAITS", unanswered, unit="s"),
        _fixed("how long it waits to hear that the probe is told", outcomes, "SILENT_FOR", unknown, unit="s"),
        _fixed("arguments of a call together", calling, "ARGUMENTS_BYTES", _INVALID_FIELD, unit="bytes"),
        _fixed("a probe's answer to a call", mesh, "REQUEST_BYTES", too_large, unit="bytes"),
        _fixed("controls that a probe offers", hello, "OFFERS", _INVALID_FIELD),
        _fixed(
            "answers that wait in a replica for the bus",
            outcomes,
            "WAITING_BYTES",
            "the oldest is let go",
            unit="bytes",
        ),
    ]


def _pipes() -> list[Limit]:
    ends = "the pipe ends, and says so"
    too_many = f"{_LIMIT_EXCEEDED}; {ends}"
    again = "dropped, and asked for again"
    waiting = "in a replica, on its way to one end"
    return [
        _setting("ends of pipes that one person has attached at a replica", PipeSettings, "pipes_per_user", too_many),
        _setting(
            "ends of pipes that probes with one token have attached at a replica",
            PipeSettings,
            "pipes_per_credential",
            too_many,
        ),
        _fixed("a frame of an end", frames, "FRAME_BYTES", ends, unit="bytes"),
        _fixed("what an end may have sent without an acknowledgement", frames, "CREDIT", "it waits", unit="bytes"),
        _fixed(f"what waits {waiting}", outbox, "MOST_BYTES", ends, unit="bytes"),
        _fixed(f"frames that wait {waiting}", outbox, "MOST_FRAMES", again),
        _setting("how long one end is waited for by the other", PipeSettings, "orphaned_after", ends, unit="s"),
        _setting("how long a pipe may be without bytes", PipeSettings, "idle_after", ends, unit="s"),
        _fixed(
            "how long a pipe that is not used is known",
            pipes,
            "KEPT",
            _refused(StatusCode.NOT_FOUND, Reason.REASON_NOT_FOUND),
            unit="s",
        ),
        _fixed("records of all pipes together", pipes, "BYTES", "no more are opened", unit="bytes"),
        _setting(
            "WebSockets at a replica",
            SocketsSettings,
            "sockets",
            _refused(StatusCode.UNAVAILABLE, Reason.REASON_OVERLOADED),
        ),
        _fixed("bytes in a message of a WebSocket", sockets, "MESSAGE_BYTES", _CLOSED, unit="bytes"),
        _fixed("a text of a WebSocket", websocket, "TEXT_BYTES", _CLOSED, unit="bytes"),
    ]


def _fields() -> Iterator[Limit]:
    """The bounded fields of every request, by its RPC."""
    for rpc, method in sorted(rpcs().items()):
        for path, value in _bounded(method.input_type):
            yield Limit(f"`{method.name}`: `{path}`", value, "contract", _INVALID_FIELD, f"{rpc}.{path}")


def _bounded(message: Descriptor, within: str = "") -> Iterator[tuple[str, str]]:
    """The fields with a bound, by their path."""
    for field in message.fields:
        rule = field.GetOptions().Extensions[validate_pb2.field]
        if value := _bound(rule):
            yield f"{within}{field.name}", value
        if field.message_type is not None and rule.ignore != validate_pb2.IGNORE_ALWAYS:
            yield from _bounded(field.message_type, f"{within}{field.name}.")


def _bound(rule: validate_pb2.FieldRules) -> str:
    """What a rule bounds a field to, in words; empty where it bounds nothing."""
    if rule.string.HasField("max_len"):
        return f"{rule.string.max_len:,} characters"
    if rule.repeated.HasField("max_items"):
        return f"{rule.repeated.max_items:,} elements"
    return f"{rule.int32.lte:,}" if rule.int32.HasField("lte") else ""
