"""What is kept up to date is what is made anew, of every topology and for every choice."""

from dataclasses import replace

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from query.tests.simulation import LIFETIMES, Simulation, Step, steps
from query.tests.test_views import nodes
from query.topologies import topologies
from query.view import View

#: A sequence that fails is short anyway; making it shorter would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
CHOICES = [
    {},
    {"system": "all", "stopped": "both", "pseudo": "show", "unconnected": "show"},
    {"system": "system", "stopped": "stopped", "pseudo": "show", "namespace": "shop"},
]


@settings(max_examples=100, derandomize=True, deadline=None, phases=PHASES)
@given(st.lists(steps, min_size=1, max_size=8))
def test_a_view_kept_up_to_date_is_one_made_anew(sequence: list[Step]) -> None:
    simulation = Simulation("r")
    world = simulation.world
    world.model.lifetimes = replace(LIFETIMES, edges=0)
    kept: dict[tuple[str, int], View] = {}
    for step in sequence:
        for topology in topologies():
            for number, chosen in enumerate(CHOICES):
                kept[topology, number] = world.view(topology, **chosen)
                nodes(kept[topology, number])
        simulation.do(step)
    for (topology, number), view in kept.items():
        fresh = world.view_anew(topology, **CHOICES[number])
        assert nodes(view) == nodes(fresh), (topology, CHOICES[number])
        assert view.stats() == fresh.stats(), (topology, CHOICES[number])
