"""What a watcher is not told apart is counted."""

from query.instruments import MERGED
from query.tests.machines import Machine, Reporter, World
from query.tests.reading import cursor_of, told


def test_changes_that_a_watcher_is_told_together_are_counted_as_merged() -> None:
    world = World()
    machine = Machine("a", {1: "name"})
    reporter = Reporter("p", machine)
    world.full(reporter)
    view = world.view("processes", unconnected="show")
    cursor = cursor_of(told(view, "")[-1])
    for step in range(4):
        machine.processes = {1: f"name {step}"}
        world.report("p", reporter.delta())
        world.settle(0.25)
    merged = MERGED.read()
    told(view, cursor)
    assert MERGED.read() == merged + 3
