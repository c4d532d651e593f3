"""The report log, as written: one JetStream stream for each organization.

Reports go to `reports.ORGANIZATION.PROBE.full` or `.delta`, so that the last messages of a probe's two subjects are its
state. A report is accepted when JetStream says so; it then survives the death of any process. A report sent twice is
stored once, by its message id.
"""

import time
from dataclasses import dataclass

import grpc
import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from collection.instruments import APPEND, BYTES, REPORT_APPEND
from collection.settings import CollectionSettings
from mesh import bus, seal
from mesh.bus import TIMEOUT
from mesh.errors import ServiceError, unavailable
from mesh.telemetry import traces
from scope.errors.v1.errors_pb2 import Reason

#: How many bytes of all reports may wait for a log that does not take them; what comes then stays with its probe.
WAITING_BYTES = 64 * 1024 * 1024
#: JetStream's error codes for having no room left for a stream, or for a message in it.
_NO_ROOM = frozenset({10023, 10028, 10047, 10077})
#: Its error codes for having fewer servers than copies are wanted.
_NO_SERVERS = frozenset({10005, 10074})


@dataclass(frozen=True)
class Entry:
    """One report on its way into the log."""

    organization: str
    probe: str
    epoch: int
    number: int
    #: The number of the full report it is against; 0: it is full.
    base: int
    version: str
    dropped: int
    #: The serialised report, exactly as it was sent.
    body: bytes

    @property
    def kind(self) -> str:
        """Which of the probe's two subjects it goes to."""
        return "delta" if self.base else "full"

    @property
    def subject(self) -> str:
        """Where it goes."""
        return f"reports.{self.organization}.{self.probe}.{self.kind}"

    def headers(self) -> dict[str, str]:
        """What readers need to know before they parse it."""
        return {
            "Nats-Msg-Id": f"{self.probe}:{self.epoch}:{self.number}",
            "Scope-Kind": self.kind,
            "Scope-Epoch": str(self.epoch),
            "Scope-Number": str(self.number),
            "Scope-Base": str(self.base),
            "Scope-Version": self.version,
            "Scope-Dropped": str(self.dropped),
        }


def stream_name(organization: str) -> str:
    """The name of an organization's stream."""
    return f"reports-{organization}"


class ReportLog:
    """Appends to the logs of all organizations; keeps nothing but which streams it has seen."""

    def __init__(self, client: Client, settings: CollectionSettings) -> None:
        self._client = client
        self._stream: JetStreamContext = client.jetstream(timeout=TIMEOUT)
        self._settings = settings
        self._seal = seal.Seal(settings.mesh_keys)
        self._seen: set[str] = set()

    async def append(self, entry: Entry) -> bool:
        """Returns once the log has accepted the report: True, or False where it had that report already.

        Raises:
            ServiceError: UNAVAILABLE (LOG_UNAVAILABLE) when the log does not answer, RESOURCE_EXHAUSTED (LOG_FULL) when
                it has no room.
        """
        try:
            return await self._append(entry)
        except APIError as error:
            raise _refused(error) from error
        except (nats.errors.Error, OSError) as error:
            raise _away() from error

    async def _append(self, entry: Entry) -> bool:
        if entry.organization not in self._seen:
            await self._create(entry.organization)
        try:
            return await self._publish(entry)
        except NoStreamResponseError:
            # The organization's stream was deleted since, or the bus was set up anew.
            await self._create(entry.organization)
            return await self._publish(entry)

    async def _publish(self, entry: Entry) -> bool:
        if self._client.pending_data_size > WAITING_BYTES:
            raise _away()
        headers = entry.headers()
        headers[seal.HEADER] = self._seal.of(entry.subject, headers, entry.body)
        started = time.perf_counter()
        with REPORT_APPEND.within() as span:
            if span.is_recording():
                traces.pass_on(headers)
            stored = await self._stream.publish(entry.subject, entry.body, timeout=TIMEOUT, headers=headers)
        APPEND.record(time.perf_counter() - started)
        BYTES.add(len(entry.body))
        return not stored.duplicate

    async def _create(self, organization: str) -> None:
        """Makes the organization's stream; brings its bounds and copies up to date when it is there."""
        config = StreamConfig(
            name=stream_name(organization),
            subjects=[f"reports.{organization}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=self._settings.log_max_age,
            max_bytes=self._settings.log_max_bytes,
            num_replicas=self._settings.nats_replicas,
            allow_direct=True,
        )
        await bus.keep(self._stream, config)
        self._seen.add(organization)

    async def newest_epoch(self, organization: str, probe: str) -> int:
        """The epoch of the probe's newest full report in the log; 0 when there is none.

        Raises:
            ServiceError: UNAVAILABLE (LOG_UNAVAILABLE) when the log does not answer.
        """
        subject = f"reports.{organization}.{probe}.full"
        try:
            if not await self._has_stream(organization):
                return 0
            message = await self._stream.get_last_msg(stream_name(organization), subject, direct=True)
        except NotFoundError:
            return 0
        except (nats.errors.Error, OSError) as error:
            raise _away() from error
        headers = message.headers or {}
        return int(headers["Scope-Epoch"]) if self._seal.holds(subject, headers, message.data or b"") else 0

    async def probes(self, organization: str) -> set[str]:
        """The probes that the organization's log holds a report of.

        Raises:
            ServiceError: UNAVAILABLE (LOG_UNAVAILABLE) when the log does not answer.
        """
        subjects = f"reports.{organization}.>"
        try:
            info = await self._stream.stream_info(stream_name(organization), subjects_filter=subjects)
        except NotFoundError:
            return set()
        except (nats.errors.Error, OSError) as error:
            raise _away() from error
        return {subject.split(".")[2] for subject in info.state.subjects or ()}

    async def _has_stream(self, organization: str) -> bool:
        """Asked for by name: that nobody answers for a stream may also mean that it is not recovered yet."""
        try:
            await self._stream.stream_info(stream_name(organization))
        except NotFoundError:
            return False
        return True


def _refused(error: APIError) -> ServiceError:
    if error.err_code in _NO_SERVERS:
        message = (
            "the bus has fewer servers than copies are wanted; nothing was stored; an operator can add servers, "
            "or lower NATS_REPLICAS"
        )
        return unavailable(Reason.REASON_LOG_UNAVAILABLE, message)
    if error.err_code not in _NO_ROOM:
        return _away()
    message = (
        "the report log has no room; an operator can raise the bus's max_file_store, or lower LOG_MAX_BYTES, "
        "which is reserved for each organization"
    )
    return ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_LOG_FULL, message)


def _away() -> ServiceError:
    return unavailable(Reason.REASON_LOG_UNAVAILABLE, "the report log does not answer; nothing was stored, try again")
