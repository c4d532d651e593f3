from hypothesis import given
from hypothesis import strategies as st

from scope_sdk import Topology
from scope_sdk.report.merge import Facts, fold

keys = st.sampled_from("abc")
words = st.text(max_size=2)

contributions = st.builds(
    Facts,
    id=st.just("one;<host>"),
    topology=st.just(Topology.TOPOLOGY_HOST),
    label=words,
    parents=st.frozensets(words),
    texts=st.dictionaries(keys, words),
    numbers=st.dictionaries(keys, st.integers(0, 9).map(float)),
    sets=st.dictionaries(keys, st.frozensets(words)),
    tables=st.dictionaries(keys, st.dictionaries(words, st.tuples(words))),
    controls=st.frozensets(words),
    addresses=st.frozensets(words),
)


def named(facts: Facts, probe: int) -> Facts:
    """The same under keys that no other probe uses."""
    return Facts(
        id=facts.id,
        topology=facts.topology,
        parents=facts.parents,
        texts={f"{probe}{key}": text for key, text in facts.texts.items()},
        numbers={f"{probe}{key}": number for key, number in facts.numbers.items()},
        sets=facts.sets,
        tables={key: {f"{probe}{row}": cells for row, cells in rows.items()} for key, rows in facts.tables.items()},
        controls=facts.controls,
        addresses=facts.addresses,
    )


@given(contributions, contributions, contributions)
def test_folding_is_associative(one: Facts, two: Facts, three: Facts) -> None:
    assert fold([one, two, three]) == fold([fold([one, two]), three]) == fold([one, fold([two, three])])


@given(contributions, contributions)
def test_folding_is_idempotent(one: Facts, two: Facts) -> None:
    assert fold([one]) == fold([one, one]) == one
    assert fold([one, two, two]) == fold([one, two])


@given(contributions, contributions)
def test_the_order_of_probes_does_not_matter_where_they_do_not_contradict(one: Facts, two: Facts) -> None:
    first, second = named(one, 1), named(two, 2)
    assert fold([first, second]) == fold([second, first])


def test_the_later_of_two_wins_also_with_another_kind_of_value() -> None:
    text = Facts("one;<host>", Topology.TOPOLOGY_HOST, "text", texts={"pid": "1"})
    number = Facts("one;<host>", Topology.TOPOLOGY_HOST, "", numbers={"pid": 1.0})
    both = fold([text, number])
    assert (both.label, both.texts, both.numbers) == ("text", {}, {"pid": 1.0})
    assert fold([number, text]).texts == {"pid": "1"}
    assert fold([number, text]).numbers == {}
