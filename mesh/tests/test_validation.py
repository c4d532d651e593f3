"""What is wrong with a field is said in words."""

import pytest
from google.protobuf.message import Message

from mesh.errors import ServiceError
from mesh.validation import validate
from scope.users.v1.messages_pb2 import CreateTokenRequest, LoginRequest
from scope.users.v1.organizations_pb2 import InviteRequest


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (LoginRequest(), "token: must not be empty"),
        (LoginRequest(token="t" * 129), "token: must be at most 128 characters"),
        (InviteRequest(email="ann@example.org", role="owner"), "role: must be one of viewer, editor, admin"),
        (CreateTokenRequest(name="two\nlines"), "name: must have no control characters, such as ends of lines"),
    ],
)
def test_what_is_wrong_is_said_in_words(request_: Message, said: str) -> None:
    with pytest.raises(ServiceError) as refused:
        validate(request_)
    assert refused.value.message == said
