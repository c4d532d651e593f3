"""How often one credential may call."""

import base64

import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from mesh.rates import Rate
from users.settings import UsersSettings
from users.tests.conftest import LOGIN, LOOKUP, PUBLISH, Service, denial


@pytest.fixture
def settings(settings: UsersSettings) -> UsersSettings:
    """A rate that is soon used up."""
    return settings.model_copy(update={"api_rate": Rate.parse("5 per 10 seconds")})


async def _admitted(users: Service, rpc: str = LOOKUP, **headers: str) -> int:
    """How many of ten calls are admitted."""
    answers = [await users.check(rpc, **headers) for _ in range(10)]
    return sum(answer.HasField("ok_response") for answer in answers)


async def test_each_token_and_each_session_has_its_own(users: Service) -> None:
    one, two = await users.organization("one"), await users.organization("two")
    for headers in (
        {"authorization": f"Bearer {one.api_token}"},
        {"authorization": f"Bearer {two.api_token}"},
        {"cookie": await users.cookie()},
        {"cookie": await users.cookie()},
    ):
        assert await _admitted(users, **headers) == 5
        users.clock.seconds += 4
        assert await _admitted(users, **headers) == 2
        users.clock.seconds += 100
        assert await _admitted(users, **headers) == 5


async def test_what_is_public_and_what_probes_send_is_not_counted_here(users: Service) -> None:
    created = await users.organization("one")
    assert await _admitted(users, LOGIN, cookie=await users.cookie()) == 10
    assert await _admitted(users, PUBLISH, authorization=f"Bearer {created.service_token}") == 10


async def test_who_calls_too_often_is_told_when_to_try_again(users: Service) -> None:
    created = await users.organization("one")
    headers = {"authorization": f"Bearer {created.api_token}"}
    assert await _admitted(users, **headers) == 5
    users.clock.seconds += 0.7
    refused = await users.check(LOOKUP, **headers)
    assert denial(refused) == (429, "RATE_EXCEEDED")
    assert {"retry-after": "2"}.items() <= {
        option.header.key: option.header.value for option in refused.denied_response.headers
    }.items()
    assert "5 per 10 seconds" in refused.denied_response.body
    assert "API_RATE" in refused.denied_response.body


async def test_a_program_of_grpc_is_told_too(users: Service) -> None:
    created = await users.organization("one")
    headers = {"authorization": f"Bearer {created.api_token}", "content_type": "application/grpc"}
    await _admitted(users, **headers)
    refused = await users.check(LOOKUP, **headers)
    said = {option.header.key: option.header.value for option in refused.denied_response.headers}
    status = Status.FromString(base64.b64decode(said["grpc-status-details-bin"] + "=="))
    wait = RetryInfo()
    assert said["grpc-status"] == "8"
    assert status.details[1].Unpack(wait)
    assert wait.retry_delay.ToTimedelta().total_seconds() == 2
