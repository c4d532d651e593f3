"""A line for each request: what was called, for whom, how it ended. Neither credentials nor query strings."""

from authfe.edge.typed import Config, extension
from mesh.headers import PROBE_ID, TENANT

#: Characters of what a caller may make as long as it likes.
_LENGTH = 300

_FIELDS = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "service": "edge",
    "route": "%ROUTE_NAME%",
    "method": f"%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD):{_LENGTH}%",
    "path": f"%PATH(NQ:ORIG_OR_PATH):{_LENGTH}%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS%",
    "flags": "%RESPONSE_FLAGS%",
    "detail": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "org": f"%REQ({TENANT})%",
    "probe": f"%REQ({PROBE_ID}):{_LENGTH}%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "upstream": "%UPSTREAM_HOST%",
    "request_id": f"%REQ(X-REQUEST-ID):{_LENGTH}%",
}


def access_log(*, traced: bool) -> Config:
    """JSON lines to the standard output, with the id of each request's trace where there is one; not health checks."""
    trace = {"trace_id": "%TRACE_ID%"} if traced else {}
    log = extension(
        "envoy.access_loggers.stdout",
        "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": {**_FIELDS, **trace}, "omit_empty_values": True},
    )
    return {**log, "filter": {"not_health_check_filter": {}}}
