"""From what a probe sent to what the log keeps."""

import hashlib

import grpc
from google.protobuf.message import DecodeError

from collection.log import Entry
from mesh.errors import ServiceError, invalid_field
from scope.auth.v1.identity_pb2 import Identity
from scope.collection.v1.messages_pb2 import PublishDocumentRequest, PublishRequest
from scope.errors.v1.errors_pb2 import Reason
from scope.report.v1.document_pb2 import Document
from scope.report.v1.report_pb2 import Report
from scope_sdk.report.builder import Builder
from scope_sdk.report.check import Known, check
from scope_sdk.report.encode import Encoder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.limits import CONNECTIONS, NODES, REPORT_BYTES

#: Characters of a program's version.
VERSION_LENGTH = 64

# Forgotten with the process; it makes checking faster and changes nothing else.
_known = Known()
_COUNTS = {"nodes": NODES, "connections": CONNECTIONS, "translations": CONNECTIONS}


def entry(request: PublishRequest, organization: str, probe: str) -> Entry:
    """Parses and checks a report; raises ServiceError INVALID_ARGUMENT (REPORT_INVALID) naming what is wrong."""
    if len(request.report) > REPORT_BYTES:
        raise _invalid("report", f"has {len(request.report)} bytes; at most {REPORT_BYTES} are taken")
    if len(request.version) > VERSION_LENGTH or not request.version.isprintable():
        raise _invalid("version", f"must be at most {VERSION_LENGTH} printable characters")
    try:
        report = Report.FromString(request.report)
        check(report, _known)
    except DecodeError:
        raise _invalid("report", "is not a serialised scope.report.v1.Report") from None
    except ReportError as error:
        raise _invalid(f"report.{error.field}", error.description) from None
    return _entry(report, request, organization, probe)


def _entry(report: Report, request: PublishRequest, organization: str, probe: str) -> Entry:
    return Entry(
        organization=organization,
        probe=probe,
        epoch=report.epoch,
        number=report.number,
        base=report.base,
        version=request.version.strip(),  # as readers of the log get headers, or its seal would not hold
        dropped=request.dropped,
        body=request.report,
    )


def document_of(request: PublishDocumentRequest) -> Document:
    """The document that a request must have, of a size that is worth a look; raises ServiceError INVALID_ARGUMENT.

    Its rules are kept here and in the builder: field by field, the interceptor would take as long for one large
    document as for a thousand calls, and answer nobody meanwhile.
    """
    if not request.HasField("document"):
        raise invalid_field("document", "is required")
    document = request.document
    for field, most in _COUNTS.items():
        if len(getattr(document, field)) > most:
            raise _invalid(f"document.{field}", f"must have at most {most} elements")
    return document


def document_entry(document: Document, identity: Identity, probe: str, epoch: int) -> Entry:
    """Encodes a document as the only report of a new epoch; raises like `entry`."""
    try:
        builder = Builder()
        builder.load(document)
        report = Encoder(epoch).full(builder)
    except ReportError as error:
        raise _invalid(f"document.{error.field}", error.description) from None
    request = PublishRequest(report=report.SerializeToString(), version="document")
    return entry(request, identity.organization, probe)


def document_probe_id(document: Document, identity: Identity) -> str:
    """The probe that a document speaks for when nobody says: the same for the same token and the same hosts."""
    hosts = sorted(node.id for node in document.nodes if node.topology == "host")
    digest = hashlib.sha256("\0".join([identity.credential, *hosts]).encode())
    return f"document-{digest.hexdigest()[:16]}"


def _invalid(field: str, description: str) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.INVALID_ARGUMENT,
        Reason.REASON_REPORT_INVALID,
        f"{field}: {description}",
        fields={field: description},
    )
