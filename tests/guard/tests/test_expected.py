"""The table's own judgement: what it takes for a rule, and what follows from one."""

from mesh.contracts import rpcs
from scope.auth.v1.access_pb2 import Access, Caller
from tests.guard.calls import CALLS
from tests.guard.expected import DENIED, UNAUTHENTICATED, WHICH, Worth, refusal, says_whom
from tests.guard.table import unguarded

TOPOLOGY = "/scope.query.v1.QueryService/GetTopology"
TOKENS = "/scope.users.v1.TokenService/ListTokens"
LOOKUP = "/scope.users.v1.SessionService/Lookup"
PUBLISH = "/scope.collection.v1.CollectionService/Publish"
VIEW = frozenset({"report.view"})


def person(*places: str) -> Worth:
    return Worth(Caller.CALLER_USER, dict.fromkeys(places, VIEW))


def test_an_rpc_without_a_whole_rule_is_told() -> None:
    member = Access(caller=Caller.CALLER_ORG_MEMBER, permission="report.view")
    assert says_whom([member])
    assert not says_whom([])
    assert not says_whom([member, Access()])
    assert not says_whom([Access(caller=Caller.CALLER_ORG_MEMBER)])
    assert not says_whom([Access(caller=Caller.CALLER_PROBE, permission="report.upload")])


def test_every_rpc_has_a_rule_and_a_call_and_no_call_is_of_an_rpc_that_is_gone() -> None:
    assert unguarded() == []
    assert CALLS.keys() == rpcs().keys()


def test_who_is_refused_and_how() -> None:
    assert refusal("/scope.query.v1.QueryService/GetInfo", None, "") is None
    assert refusal(TOPOLOGY, None, "") == UNAUTHENTICATED
    assert refusal(TOPOLOGY, person("a"), "") is None
    assert refusal(TOPOLOGY, person("a"), "b") == DENIED
    assert refusal(TOPOLOGY, person(), "") == DENIED
    assert refusal(TOPOLOGY, person("a", "b"), "") == WHICH
    assert refusal(TOPOLOGY, person("a", "b"), "b") is None
    assert refusal(TOKENS, person("a"), "") == DENIED
    assert refusal(LOOKUP, person("a", "b"), "") is None
    assert refusal(PUBLISH, person("a"), "") == DENIED
    assert refusal(PUBLISH, Worth(Caller.CALLER_PROBE, {"a": frozenset()}), "") is None
    assert refusal("/no.such.Service/Method", person("a"), "") == DENIED
