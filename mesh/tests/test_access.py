"""Who is admitted follows from the contract's option and from nothing else."""

import grpc
import pytest

from mesh.access import check, largest_request
from mesh.errors import ServiceError
from mesh.limits import ANSWER_OF_PROBE_BYTES, MESSAGE_BYTES, REQUEST_BYTES
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity

GET_TOPOLOGY = "/scope.query.v1.QueryService/GetTopology"
PUBLISH = "/scope.collection.v1.CollectionService/Publish"
CONNECT = "/scope.control.v1.ControlService/Connect"
ATTACH = "/scope.pipe.v1.PipeService/Attach"
LOOKUP = "/scope.users.v1.SessionService/Lookup"
RENEW = "/scope.users.v1.IdentityService/Renew"
GET_INFO = "/scope.query.v1.QueryService/GetInfo"

NOBODY = Identity(caller=Caller.CALLER_PUBLIC)
VIEWER = Identity(caller=Caller.CALLER_USER, subject="u", organization="o", permissions=["report.view"])
STRANGER = Identity(caller=Caller.CALLER_USER, subject="u", admin=True)
PROBE = Identity(caller=Caller.CALLER_PROBE, subject="p", organization="o", permissions=["report.upload"])
SERVICE = Identity(caller=Caller.CALLER_SERVICE, subject="query")


@pytest.mark.parametrize(
    ("rpc", "admitted"),
    [
        (GET_INFO, [NOBODY, VIEWER, STRANGER, PROBE, SERVICE]),
        (GET_TOPOLOGY, [VIEWER]),
        (PUBLISH, [PROBE]),
        (LOOKUP, [VIEWER, STRANGER]),
        (RENEW, [SERVICE]),
        ("/scope.query.v1.QueryService/NoSuchMethod", []),
    ],
)
def test_each_kind_of_caller_is_admitted_only_where_the_contract_says(rpc: str, admitted: list[Identity]) -> None:
    for identity in (NOBODY, VIEWER, STRANGER, PROBE, SERVICE):
        if identity in admitted:
            check(rpc, identity)
        else:
            with pytest.raises(ServiceError) as refused:
                check(rpc, identity)
            unknown = identity == NOBODY
            expected = grpc.StatusCode.UNAUTHENTICATED if unknown else grpc.StatusCode.PERMISSION_DENIED
            assert refused.value.code == expected


def test_a_missing_permission_is_named() -> None:
    editor = Identity(caller=Caller.CALLER_USER, organization="o", permissions=["report.view"])
    with pytest.raises(ServiceError) as refused:
        check("/scope.users.v1.TokenService/CreateToken", editor)
    assert refused.value.metadata == {"permission": "token.own"}
    assert "token.own" in refused.value.message


def test_a_probe_that_holds_a_readers_permission_is_still_not_a_reader() -> None:
    with pytest.raises(ServiceError):
        check(GET_TOPOLOGY, Identity(caller=Caller.CALLER_PROBE, organization="o", permissions=["report.view"]))


def test_only_probes_may_send_much_and_most_of_it_in_reports() -> None:
    assert [largest_request(rpc) for rpc in (PUBLISH, CONNECT, ATTACH, GET_TOPOLOGY, LOOKUP, RENEW, GET_INFO)] == [
        MESSAGE_BYTES,
        *[ANSWER_OF_PROBE_BYTES] * 2,
        *[REQUEST_BYTES] * 4,
    ]


def test_who_is_of_a_refused_organization_is_told_why_and_only_where_the_organization_matters() -> None:
    member = Identity(caller=Caller.CALLER_USER, organization="o", refused="unpaid")
    probe = Identity(caller=Caller.CALLER_PROBE, organization="o", refused="unpaid")
    for identity, rpc, reason in (
        (member, GET_TOPOLOGY, "ORGANIZATION_REFUSED"),
        (probe, PUBLISH, "ORGANIZATION_REFUSED"),
        (probe, GET_TOPOLOGY, "PERMISSION_DENIED"),
        (member, PUBLISH, "PERMISSION_DENIED"),
        (member, RENEW, "PERMISSION_DENIED"),
    ):
        with pytest.raises(ServiceError) as refused:
            check(rpc, identity)
        assert refused.value.reason_name == reason
        assert (refused.value.message == "unpaid") == (reason == "ORGANIZATION_REFUSED")
    check(LOOKUP, member)


@pytest.mark.parametrize("organization", ["o", ""])
def test_who_belongs_to_no_organization_is_told_how_to_come_by_one(organization: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check(GET_TOPOLOGY, Identity(caller=Caller.CALLER_USER, organization=organization))
    assert refused.value.message.endswith("make one, or accept an invitation") == (not organization)
