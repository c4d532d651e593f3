"""What a request passes on its way, in this order, and what each route changes about it."""

from collections.abc import Iterable
from pathlib import Path

from authfe.edge import answers
from authfe.edge.bindings import all_bindings
from authfe.edge.characters import ascii_headers
from authfe.edge.clusters import AUTHORITY
from authfe.edge.deployment import Deployment
from authfe.edge.mutations import put
from authfe.edge.replies import METADATA_HEADERS
from authfe.edge.retries import elsewhere
from authfe.edge.typed import Config, extension, typed
from mesh import headers
from mesh.limits import ANSWER_BYTES, MESSAGE_BYTES

_HEADER_MUTATION = "envoy.filters.http.header_mutation"
_HEADER_MUTATION_PER_ROUTE = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute"
_HEALTH_CHECK = "envoy.filters.http.health_check"
_EXT_AUTHZ = "envoy.filters.http.ext_authz"
_BUFFER = "envoy.filters.http.buffer"
_TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
_ROUTER = "envoy.filters.http.router"

#: Headers that only the edge itself may set.
_OURS = (headers.IDENTITY, headers.TENANT, headers.ADDRESS)

#: Headers by which the users service says why it denies; what they say is in the body by the time it leaves.
_DENIAL_HEADERS = (headers.REASON, *METADATA_HEADERS.values())

#: All that the users service needs to see of a request, beside its method, path and host.
_SEEN_BY_AUTHORITY = (
    *("authorization", "cookie", "origin", "sec-fetch-site", "upgrade", "content-type"),
    *(headers.ORGANIZATION, headers.ADDRESS),
)

#: How the headers begin by which proxies tell tools who asks.
_NAMING = ("x-webauth-", "x-jwt-assertion", "x-forwarded-user", "remote-user", "proxy-authorization")

#: Smaller answers fit into a packet as they are.
_COMPRESSED_FROM = 1000
_COMPRESSED = ("application/json", "text/html", "text/css", "text/javascript", "image/svg+xml")


def http_filters(deployment: Deployment, descriptors: Path, areas: Iterable[str]) -> list[Config]:
    """The filters of the listener.

    The headers that are ours go before anything can read them; access is decided before the transcoder.
    """
    return [
        _header_rules(deployment),
        ascii_headers(),
        _compression(),
        _health(areas),
        _authorization(),
        _whole_requests(),
        _transcoder(descriptors),
        _router(),
    ]


def redirecting_filters() -> list[Config]:
    """The filters of the listener that redirects."""
    return [_mutation(response_mutations=answers.redirection()), _router()]


def authorized(rpc: str) -> Config:
    """For a route to an RPC: the users service decides, and is told which RPC it is."""
    settings = {"context_extensions": {"rpc": rpc}}
    return {_EXT_AUTHZ: typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute", check_settings=settings)}


def whole_requests(most: int) -> Config:
    """For a route whose requests are one message of so many bytes at most: taken in whole, or refused with 413."""
    buffer = typed("envoy.extensions.filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": most})
    return {_BUFFER: {**_switch(disabled=False), "config": buffer}}


def untranscoded() -> Config:
    """For a route to what speaks HTTP itself."""
    return {_TRANSCODER: _switch(disabled=True)}


def unguarded() -> Config:
    """For a route that leads to no service: nothing to decide, nothing to transcode."""
    return {_EXT_AUTHZ: _switch(disabled=True), **untranscoded()}


def pages() -> Config:
    """For a route to the pages' files, which anybody may read."""
    mutations = {"response_mutations": answers.pages()}
    return {**unguarded(), _HEADER_MUTATION: typed(_HEADER_MUTATION_PER_ROUTE, mutations=mutations)}


def tool(rpc: str, place: str) -> Config:
    """For a route to a tool below this path: users decides by the rule of this RPC, and the tool speaks HTTP itself."""
    # Where a tool takes somebody's name from whoever is in front of it, nobody chooses one.
    named = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _NAMING]
    mutations = {"request_mutations": named, "response_mutations": answers.tool(place)}
    return {
        **authorized(rpc),
        **untranscoded(),
        _HEADER_MUTATION: typed(_HEADER_MUTATION_PER_ROUTE, mutations=mutations),
    }


def without_grpc_headers() -> dict[str, Config]:
    """For REST routes: what a caller may not say about the gRPC call that its own becomes."""
    removed = [{"remove_on_match": {"key_matcher": matcher}} for matcher in ({"prefix": "grpc-"}, {"suffix": "-bin"})]
    return {_HEADER_MUTATION: typed(_HEADER_MUTATION_PER_ROUTE, mutations={"request_mutations": removed})}


def _switch(*, disabled: bool) -> Config:
    return typed("envoy.config.route.v3.FilterConfig", disabled=disabled, **({} if disabled else {"config": {}}))


def _header_rules(deployment: Deployment) -> Config:
    # x-envoy-* from outside could set timeouts and retries, or pretend to a path before transcoding.
    foreign = {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}}
    # HTTP allows more in a name than gRPC, which refuses the whole call for it.
    unnameable = {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": r".*[^a-z0-9_.:-].*"}}}}
    # Envoy's own word for it to users would be the address of the last proxy.
    address = put(headers.ADDRESS, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")
    said_by_services = ("server", "x-envoy-upstream-healthchecked-cluster", *_DENIAL_HEADERS)
    return _mutation(
        request_mutations=[*({"remove": name} for name in _OURS), foreign, unnameable, address],
        response_mutations=[*({"remove": name} for name in said_by_services), *answers.common(deployment)],
    )


def _mutation(**mutations: list[Config]) -> Config:
    rules = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
    return extension(_HEADER_MUTATION, rules, mutations=mutations)


def _compression() -> Config:
    # Above the transcoder, so that it sees what that answers. Events are not among its types, for each is
    # to leave at once; a part of a file is left alone, for its place in the file is told in bytes; and what a service
    # has compressed itself passes as it is.
    gzip = extension("gzip", "envoy.extensions.compression.gzip.compressor.v3.Gzip")
    common = {"min_content_length": _COMPRESSED_FROM, "content_type_matcher": [{"prefix": one} for one in _COMPRESSED]}
    return extension(
        "envoy.filters.http.compressor",
        "envoy.extensions.filters.http.compressor.v3.Compressor",
        compressor_library=gzip,
        response_direction_config={"common_config": common, "uncompressible_response_codes": [206]},
    )


def _health(areas: Iterable[str]) -> Config:
    # One per cent is one replica, as long as a service has at most a hundred.
    return extension(
        _HEALTH_CHECK,
        "envoy.extensions.filters.http.health_check.v3.HealthCheck",
        pass_through_mode=False,
        headers=[{"name": ":path", "string_match": {"exact": "/healthz"}}],
        cluster_min_healthy_percentages={area: {"value": 1} for area in areas},
    )


def _authorization() -> Config:
    # Asking again does no harm, whatever became of the first question, and whether it was answered at all.
    service = {
        "envoy_grpc": {"cluster_name": AUTHORITY},
        "timeout": "5s",
        "retry_policy": elsewhere("connect-failure,refused-stream,reset,cancelled,unavailable"),
        "initial_metadata": [{"key": "x-envoy-upstream-rq-per-try-timeout-ms", "value": "2000"}],
    }
    return extension(
        _EXT_AUTHZ,
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        grpc_service=service,
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        validate_mutations=True,
        allowed_headers={"patterns": [{"exact": name, "ignore_case": True} for name in _SEEN_BY_AUTHORITY]},
    )


def _whole_requests() -> Config:
    # The transcoder's own bound is on what it has not parsed yet, which JSON never reaches.
    buffer = extension(_BUFFER, "envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=MESSAGE_BYTES)
    return {**buffer, "disabled": True}


def _transcoder(descriptors: Path) -> Config:
    return extension(
        _TRANSCODER,
        "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=str(descriptors),
        services=sorted({binding.rpc.service for binding in all_bindings()}),
        convert_grpc_status=True,
        print_options={"always_print_primitive_fields": True, "preserve_proto_field_names": False},
        request_validation_options={"reject_unknown_query_parameters": True},
        max_request_body_size=MESSAGE_BYTES,
        max_response_body_size=ANSWER_BYTES,
    )


def _router() -> Config:
    return extension(_ROUTER, "envoy.extensions.filters.http.router.v3.Router", suppress_envoy_headers=True)
