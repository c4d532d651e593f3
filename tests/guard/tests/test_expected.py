"""The table's own judgement: what it takes for a rule, and what follows from one."""

from dataclasses import replace

from mesh.contracts import rpcs
from scope.auth.v1.access_pb2 import Access, Caller
from tests.guard.calls import CALLS
from tests.guard.expected import DENIED, NO_SESSION, REFUSED, UNAUTHENTICATED, WHICH, Worth, refusal, says_whom
from tests.guard.table import unguarded

TOPOLOGY = "/scope.query.v1.QueryService/GetTopology"
RENAME = "/scope.users.v1.OrganizationService/UpdateOrganization"
SESSIONS = "/scope.users.v1.SessionService/ListSessions"
PEOPLE = "/scope.users.v1.AdministrationService/ListPeople"
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
    assert not says_whom([Access(caller=Caller.CALLER_PROBE)])
    assert not says_whom([Access(caller=Caller.CALLER_USER, permission="report.view")])


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
    assert refusal(RENAME, person("a"), "") == DENIED
    assert refusal(SESSIONS, person("a"), "") == NO_SESSION
    assert refusal(SESSIONS, replace(person("a"), session=True), "") is None
    assert refusal(PEOPLE, replace(person("a"), session=True), "") == DENIED
    assert refusal(TOPOLOGY, replace(person("a"), refused=True), "") == REFUSED
    assert refusal(LOOKUP, replace(person("a"), refused=True), "") is None
    assert refusal(LOOKUP, person("a", "b"), "") is None
    assert refusal(PUBLISH, person("a"), "") == DENIED
    assert refusal(PUBLISH, Worth(Caller.CALLER_PROBE, {"a": frozenset({"report.upload"})}), "") is None
    assert refusal(PUBLISH, Worth(Caller.CALLER_PROBE, {"a": frozenset()}), "") == DENIED
    assert refusal("/no.such.Service/Method", person("a"), "") == DENIED
