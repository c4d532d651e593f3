"""What a view became step by step is what it would be from scratch, in cases that are easily forgotten."""

from query.tests.machines import Machine, Reporter, Socket, World
from query.tests.reading import nodes
from scope.report.v1.report_pb2 import Report

WEB = Machine("web", {10: "nginx"}, [Socket(10, ("192.168.0.1", 5000), ("9.9.9.9", 443))])


def test_measurements_show_once_another_probe_declares_them() -> None:
    world = World()
    undeclared = Reporter("one", WEB).full()
    undeclared.ClearField("templates")
    world.report("one", undeclared)
    view = world.view("hosts")
    assert nodes(view)["web;<host>"]["metrics"] == []
    world.full(Reporter("two", Machine("db")))
    world.settle()
    assert [metric["id"] for metric in nodes(view)["web;<host>"]["metrics"]] == ["cpu", "load1"]


def test_a_host_with_another_name_under_its_handle_renames_what_runs_on_it() -> None:
    world = World()
    first = Reporter("one", WEB).full()
    world.report("one", first)
    processes, hosts = world.view("processes", unconnected="show"), world.view("hosts")
    assert "web;10" in nodes(processes)
    renamed = Report.FromString(first.SerializeToString())
    renamed.number += 1
    renamed.nodes[0].id = "www"
    world.report("one", renamed)
    world.settle(20)  # until the edges of the old name have faded
    assert "www;10" in nodes(processes)
    assert "web;10" not in nodes(processes)
    assert nodes(processes) == nodes(world.view_anew("processes", unconnected="show"))
    assert nodes(hosts) == nodes(world.view_anew("hosts"))
