"""What is wrong with a field is said in words."""

from collections.abc import Callable

import pytest
from google.protobuf.message import Message

from mesh.errors import ServiceError
from mesh.validation import validate
from scope.users.v1.administration_pb2 import (
    DisableRequest,
    ImpersonateRequest,
    Refusal,
    SetLimitsRequest,
    SetRefusalRequest,
)
from scope.users.v1.audit_pb2 import ListAllEventsRequest
from scope.users.v1.messages_pb2 import CreateTokenRequest, LoginRequest
from scope.users.v1.organizations_pb2 import CreateOrganizationRequest, InviteRequest, UpdateOrganizationRequest

NAMED: list[tuple[str, Callable[[str], Message]]] = [
    ("name", lambda text: CreateTokenRequest(name=text)),
    ("name", lambda text: CreateOrganizationRequest(name=text)),
    ("name", lambda text: UpdateOrganizationRequest(name=text)),
    ("reason", lambda text: DisableRequest(id="x", reason=text)),
    ("reason", lambda text: ImpersonateRequest(id="x", reason=text)),
    ("refusal.reason", lambda text: SetRefusalRequest(id="x", refusal=Refusal(reason=text))),
    ("id", lambda text: SetRefusalRequest(id=text)),
    ("id", lambda text: SetLimitsRequest(id=text)),
    ("organization", lambda text: ListAllEventsRequest(organization=text)),
]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (LoginRequest(), "token: must not be empty"),
        (LoginRequest(token="t" * 129), "token: must be at most 128 characters"),
        (InviteRequest(email="ann@example.org", role="owner"), "role: must be one of viewer, editor, admin"),
        (CreateTokenRequest(name="two\nlines"), "name: must have no control characters, such as ends of lines"),
        # What moves a terminal's cursor or turns text around shows another name than it is.
        *(
            (request(f"a{odd}b"), f"{field}: must have no control characters, such as ends of lines")
            for odd in ("\x00", "\x1b", "\x9b", "\u2028", "\u202e", "\u2066")
            for field, request in NAMED
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(request_: Message, said: str) -> None:
    with pytest.raises(ServiceError) as refused:
        validate(request_)
    assert refused.value.message == said


def test_other_scripts_and_joined_signs_are_no_control_characters() -> None:
    for name in ("Käsekuchen", "नमस्\u200dते", "👩\u200d🔧", "東京", "a b\u00a0c"):
        validate(CreateOrganizationRequest(name=name))
