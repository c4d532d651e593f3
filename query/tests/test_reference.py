"""What the views show is what a reference makes from scratch, after any sequence of what may happen to probes.

It tries 1,000 sequences for what connections join, 500 for what views show, and 500 for views that come and go.
"""

from hypothesis import given
from hypothesis import strategies as st

from query.tests.cluster import START
from query.tests.reference.ends import connections
from query.tests.sequences import sequences
from query.tests.simulation import Simulation, Step, steps
from query.tests.watching import LetGo, Look, Watching, acts, looks


@sequences(1000)
@given(st.lists(steps, min_size=1, max_size=10))
def test_edges_between_owners(sequence: list[Step]) -> None:
    simulation = Simulation("r")
    for step in sequence:
        simulation.do(step)
        expected = connections(simulation.said())
        join = simulation.world.model.connections
        assert set(join.edges()) == {(one.client, one.server) for one in expected}
        owners = {owner for one in expected for owner in (one.client, one.server)}
        found = {(one.key, one.edge, one.times) for one in join.connections(owners, simulation.world.model.probes)}
        assert found == {((*one.ends[0], *one.ends[1]), (one.client, one.server), one.times) for one in expected}


_order = st.permutations(sorted(START))


@sequences(500)
@given(st.lists(steps, min_size=1, max_size=10), st.lists(looks, min_size=2, max_size=4), _order)
def test_views(sequence: list[Step], looks: list[Look], order: list[str]) -> None:
    simulation = Simulation("r")
    watching = Watching(simulation, looks)
    for step in sequence:
        simulation.do(step)
        watching.check()
    watching.check_anew()
    watching.check_replayed(order)


@sequences(500)
@given(st.lists(st.one_of(steps, steps, acts), min_size=4, max_size=12), looks)
def test_views_that_come_and_go(sequence: list[Step | Look | LetGo], look: Look) -> None:
    simulation = Simulation("r")
    watching = Watching(simulation, [look])
    for step in sequence:
        if isinstance(step, Look | LetGo):
            watching.do(step)
        else:
            simulation.do(step)
        watching.check()
    watching.check_anew()
