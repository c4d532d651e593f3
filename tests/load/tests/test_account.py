import pytest

from tests.load.account import Account, is_refusal
from tests.load.log import Entry


def test_a_report_that_goes_out_again_counts_once_however_often() -> None:
    account = Account("p")
    for _ in range(4):
        account.sent()
    account.acknowledged(7, 1)
    account.sent()
    account.acknowledged(7, 2)
    assert account.retried == 1
    assert account.acknowledgements == {Entry("p", 7, 1), Entry("p", 7, 2)}


def test_the_report_after_one_that_was_given_up_is_another_one() -> None:
    account = Account("p")
    account.sent()
    account.given_up("REPORT_INVALID: nodes: too many")
    account.sent()
    account.given_up("UNAVAILABLE: connection refused")
    assert (account.retried, account.refused, account.dropped) == (0, 1, 1)


@pytest.mark.parametrize(
    ("problem", "refused"),
    [
        ("REPORT_INVALID: nodes: too many", True),
        ("LOG_FULL: no room", True),
        ("UNAUTHENTICATED: no details", True),
        ("LOG_UNAVAILABLE: the bus is away", False),
        ("SERVICE_UNAVAILABLE: What answers this is away", False),
        ("UNAVAILABLE: upstream: reset", False),
        ("DEADLINE_EXCEEDED: no acknowledgement within 20 s", False),
        ("", False),
    ],
)
def test_a_service_that_is_away_refuses_nothing(problem: str, refused: bool) -> None:
    assert is_refusal(problem) is refused
