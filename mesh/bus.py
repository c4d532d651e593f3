"""The bus: NATS, which joins replicas and keeps the report log."""

from collections.abc import Awaitable, Callable

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import BadRequestError

from mesh.settings import Settings

#: How long publishing or asking waits for the bus, in seconds.
TIMEOUT = 5.0

#: JetStream's error code for a stream that is there with other settings.
_OTHER_SETTINGS = 10058
_log = structlog.get_logger()


async def _nothing() -> None:
    """What most have to do when the bus is back."""


async def connect(service: str, settings: Settings, returned: Callable[[], Awaitable[object]] = _nothing) -> Client:
    """Connects as the service, waiting for the bus as long as it takes, and stays connected for ever.

    Each time that the bus is back after it was away, and hears what was subscribed to, `returned` is called.

    While the bus is away nothing is buffered: what is asked of it fails, and the caller is told; so does, at once, what
    was asked, or was being flushed, when it went away.
    """
    seed = str(settings.nats_nkey_file) if settings.nats_nkey_file else None
    client = Client()
    watch = _Watch(client, settings.nats_url, returned)
    await client.connect(
        settings.nats_url.split(","),
        name=service,
        nkeys_seed=seed,
        inbox_prefix=f"_INBOX_{service}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type] # it takes parts of seconds too
        ping_interval=5,
        max_outstanding_pings=2,
        pending_size=0,
        disconnected_cb=watch.gone,
        reconnected_cb=watch.back,
        error_cb=watch.failed,
    )
    return client


class _Watch:
    """What a connection tells of itself, to the log and to those who wait for it."""

    def __init__(self, client: Client, url: str, returned: Callable[[], Awaitable[object]]) -> None:
        self._client = client
        self._url = url
        self._returned = returned
        self._away_said = False

    async def gone(self) -> None:
        # Nothing public tells those who wait: for an answer, or for what they wrote to be taken in.
        for asked in (*self._client._resp_map.values(), *self._client._pongs):  # noqa: SLF001
            if not asked.done():
                asked.set_exception(nats.errors.ConnectionClosedError())
                asked.exception()  # who gave up waiting is not told
        self._away()

    async def back(self) -> None:
        self._away_said = False
        _log.info("the bus is back", url=self._url)
        await self._returned()

    async def failed(self, error: Exception) -> None:
        if isinstance(error, OSError):
            self._away()
        else:
            _log.warning("the bus refused something", error=str(error) or type(error).__name__)

    def _away(self) -> None:
        if not (self._away_said or self._client.is_closed):  # then it is we who leave
            _log.warning("the bus is away; trying again until it is back", url=self._url)
        self._away_said = True


async def make(stream: JetStreamContext, config: StreamConfig) -> bool:
    """Makes a stream; one that is there with other settings stays as it is, which is answered by False.

    Raises what the client does: APIError with the words of the bus where it has fewer servers than copies are wanted.
    """
    try:
        await stream.add_stream(config)
    except BadRequestError as error:
        if error.err_code != _OTHER_SETTINGS:
            raise
        return False
    return True


async def keep(stream: JetStreamContext, config: StreamConfig) -> None:
    """Makes a stream; one that is there with other settings gets these, and its messages stay. Raises as `make`."""
    if not await make(stream, config):
        await stream.update_stream(config)


async def flush(client: Client) -> None:
    """Returns when the bus has taken in whatever it was told; raises what the client does where it has not in time.

    The client's own flush asks the bus before it has written what waits to be written.
    """
    await client._flush_pending(force_flush=True)  # noqa: SLF001 - nothing public writes it
    await client.flush(TIMEOUT)  # type: ignore[arg-type] # it takes parts of seconds too


async def leave(client: Client, subscription: Subscription) -> None:
    """Ends a subscription when all that came for it is taken in; nothing that is under way is lost."""
    try:
        await client._send_unsubscribe(subscription._id)  # noqa: SLF001 - see flush: its own drain is too early
        await client._flush_pending(force_flush=True)  # noqa: SLF001
        await subscription.drain()  # type: ignore[no-untyped-call]
    except (nats.errors.Error, OSError):
        # It is over already, or the bus is away: then it must not be taken up again when the bus is back.
        client._remove_sub(subscription._id)  # noqa: SLF001 - nothing public forgets it


async def close(client: Client) -> None:
    """Leaves the bus, which may be away."""
    try:
        await client.close()
    except (nats.errors.Error, OSError):
        # Something was still to be written; the client then gives up before it has closed its socket.
        transport = client._transport  # noqa: SLF001 - nothing public closes it
        if transport is not None:
            transport.close()  # type: ignore[no-untyped-call]
