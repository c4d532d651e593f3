"""What is kept of an organization for its readers: shared, bounded, and let go when nobody reads it."""

import asyncio

import pytest

from mesh.errors import ServiceError
from query.model import Lifetimes, Model
from query.options import Options
from query.tests.machines import Machine, Reporter, World, done
from query.tests.test_views import DB, WEB
from query.topologies import topologies
from query.views import Views
from scope.errors.v1.errors_pb2 import Reason


@pytest.fixture
def world() -> World:
    world = World()
    world.full(Reporter("p", Machine("a", {1: "one", 2: "two"})))
    world.settle()
    return world


def chosen(views: Views, namespace: str, *, watched: bool) -> None:
    """Somebody reads the pods of a namespace."""
    definition = topologies()["pods"]
    choice = Options().choice(definition, {"namespace": namespace})
    view = done(views.view(definition, choice, lambda: 0.0))
    if watched:
        view.wakes.add(asyncio.Event())


def test_a_topology_that_is_only_counted_has_no_view(world: World) -> None:
    definition = topologies()["processes"]
    choice = Options().choice(definition, {"unconnected": "show"})
    stats = done(world.views.stats(definition, choice, lambda: world.now))
    assert (stats.node_count, stats.filtered_nodes) == (2, 0)
    (selected,) = world.views._kept.values()
    assert not selected.views
    world.full(Reporter("q", Machine("b", {3: "three"})))
    world.settle()
    assert done(world.views.stats(definition, choice, lambda: world.now)).node_count == 3


def test_topologies_of_one_base_share_a_graph(world: World) -> None:
    for topology in ("processes", "processes-by-name", "hosts"):
        world.view(topology)
    world.view("processes", unconnected="show")
    assert world.views._graphs.keys() == {"processes", "hosts"}
    sensitive, other = world.view("processes"), world.view("processes", sensitive=False)
    assert sensitive is not other
    assert sensitive._selection is other._selection


def test_what_was_read_longest_ago_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query.views.MOST", 3)
    views = Views(Model(Lifetimes()), Options(), idle_after=60)
    for name in ("a", "b", "c"):
        chosen(views, name, watched=name == "a")
    chosen(views, "b", watched=False)
    chosen(views, "d", watched=False)
    assert [dict(options)["namespace"] for _, options in views._kept] == ["a", "b", "d"]


def test_where_all_are_watched_another_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query.views.MOST", 2)
    views = Views(Model(Lifetimes()), Options(), idle_after=60)
    chosen(views, "a", watched=True)
    chosen(views, "b", watched=True)
    with pytest.raises(ServiceError, match="2 different choices") as refused:
        chosen(views, "c", watched=False)
    assert refused.value.reason == Reason.REASON_LIMIT_EXCEEDED
    chosen(views, "a", watched=False)
    assert len(views) == 2


def test_what_nobody_reads_is_let_go(world: World) -> None:
    views = Views(world.model, Options(), idle_after=0)
    chosen(views, "a", watched=False)
    chosen(views, "b", watched=True)
    views.apply(world.model.take_change(world.now), world.now)
    assert [dict(options)["namespace"] for _, options in views._kept] == ["b"]
    assert views._graphs.keys() == {"pods"}
    for one in views._kept.values():
        for view in one.views.values():
            view.wakes.clear()
    views.apply(world.model.take_change(world.now), world.now)
    assert not len(views)
    assert not views._graphs


def test_nothing_is_left_of_connections_that_went(world: World) -> None:
    world.full(Reporter("web", WEB), Reporter("db", DB))
    for topology in topologies():
        world.view(topology, unconnected="show", pseudo="show")
    assert any(graph.out for graph in world.views._graphs.values())
    world.settle(61)
    world.settle(16)
    for graph in world.views._graphs.values():
        names = (
            "nodes",
            "pseudo",
            "out",
            "into",
            "_edges",
            "_counts",
            "_placed",
            "_owners",
            "_held",
            "_fading",
            "_changed",
            "_related",
        )
        assert {name: vars(graph)[name] for name in names if vars(graph)[name]} == {}
    for selected in world.views._kept.values():
        for part in (selected.selection, selected.selection._members):
            left = {name for name, held in vars(part).items() if isinstance(held, (dict, set)) and held}
            assert left == set()
