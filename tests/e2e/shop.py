"""What the views answer for `tests/data/shop.json`, as tables in the page that explains them.

A comment in the page asks for an answer, which stands between it and the next `<!-- end -->`:

- `<!-- topologies -->`: what there is;
- `<!-- nodes TOPOLOGY -->`: the nodes of one, and what they connect to;
- `<!-- options TOPOLOGY PARAMETERS ... -->`: what is shown by each choice;
- `<!-- node TOPOLOGY ID -->`: one node with its details.

`python -m tests.e2e.shop` writes the answers anew.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.local import postgres
from deploy.local.command import free_ports
from docs.tables.markdown import table
from tests.e2e.client import ROOT, Api, Mesh

REPORT = ROOT / "tests" / "data" / "shop.json"
PAGE = ROOT / "docs" / "topologies.md"
IDS = ROOT / "docs" / "topologies.ids"
_ANSWER = re.compile(r"(<!-- (\w+)((?: \S+)*) -->\n).*?(<!-- end -->)", re.DOTALL)

_COUNTS = ("node_count", "nonpseudo_node_count", "edge_count", "filtered_nodes")

Node = Mapping[str, Any]


@contextmanager
def reported(folder: Path, report: Path, **variables: str) -> Iterator[Mesh]:
    """A mesh to which one probe sent one report, which stays for an hour."""
    mesh = Mesh(folder / "data", free_ports(1)[0], PROBE="0", GONE_AFTER="3600", SAMPLES_KEPT="3600", **variables)
    mesh.start()
    try:
        known = ("--probe-id", "example", "--service-token", mesh.local()["service_token"], mesh.url)
        sent = mesh.command_line("scope", "launch", "--report", str(report), *known)
        assert sent.returncode == 0, sent.stderr
        yield mesh
        assert mesh.stop() == 0
    finally:
        if mesh.process.poll() is None:
            mesh.stop()
        postgres.remove(mesh.data / "postgres")


def answered(page: str, api: Api) -> str:
    """The page with the answers that it asks for."""

    def fill(found: re.Match[str]) -> str:
        start, kind, arguments, end = found.groups()
        return f"{start}\n{_ANSWERS[kind](api, *arguments.split())}\n{end}"

    return _ANSWER.sub(fill, page)


def urls(api: Api) -> list[str]:
    """Of every topology, those below others behind them."""
    return [topology["url"] for topology, _ in listed(api)]


def _get(api: Api, path: str) -> Any:
    answer = api.get(path)
    assert answer.status == 200, f"{path}: {answer.status} {answer.body!r}"
    return answer.json()


def listed(api: Api) -> Iterator[tuple[Any, str]]:
    """Every topology with the name of the one it is below."""
    for topology in _get(api, "/api/topology"):
        yield topology, ""
        for below in topology.get("sub_topologies", []):
            yield below, topology["name"]


def _topologies(api: Api) -> str:
    def row(topology: Any, above: str) -> list[str]:
        stats = topology["stats"]
        options = ", ".join(f"`{group['id']}`" for group in topology.get("options", []))
        counts = _joined(stats.get(key, 0) for key in _COUNTS)
        hidden = "yes" if topology.get("hide_if_empty") else ""
        url, rank = f"`{topology['url']}`", str(topology["rank"])
        return [url, topology["name"], above, rank, hidden, options, counts]

    columns = ("url", "name", "below", "rank", "hidden if empty", "options", "nodes, not pseudo, edges, left out")
    return table(columns, (row(*one) for one in listed(api)))


def _nodes(api: Api, topology: str) -> str:
    nodes = _view(api, topology)
    columns = ("id", "label", "small print", "shape", "connects to")
    return table(columns, (_row(node) for _, node in sorted(nodes.items())))


def _row(node: Node) -> list[str]:
    shape = node["shape"] + (", stack" if node.get("stack") else "") + (", pseudo" if node.get("pseudo") else "")
    edges = _joined(map(_quoted, sorted(node.get("adjacency", ()))))
    return [f"`{node['id']}`", node["label"], node.get("labelMinor", ""), shape, edges]


def _view(api: Api, topology: str) -> dict[str, Node]:
    nodes: dict[str, Node] = _get(api, f"/api/topology/{topology}")["nodes"]
    return nodes


def _options(api: Api, topology: str, *choices: str) -> str:
    usual = _view(api, topology)

    def row(choice: str) -> list[str]:
        chosen = _view(api, f"{topology}?{choice}")
        more, less = sorted(chosen.keys() - usual.keys()), sorted(usual.keys() - chosen.keys())
        edges = sum(len(node.get("adjacency", ())) for node in chosen.values())
        return [f"`{choice}`", str(len(chosen)), str(edges), _joined(map(_quoted, more)), _joined(map(_quoted, less))]

    return table(("parameters", "nodes", "edges", "also", "without"), map(row, choices))


def _node(api: Api, topology: str, id_: str) -> str:
    node = _get(api, f"/api/topology/{topology}/{quote(id_, safe='')}")["node"]
    return table(("what", "id", "label", "value"), _facts(node))


def _facts(node: Node) -> Iterator[list[str]]:
    yield ["node", f"`{node['id']}`", node["label"], _joined(filter(None, (node.get("labelMinor"), node["shape"])))]
    for row in node.get("metadata", ()):
        yield ["`metadata`", f"`{row['id']}`", row["label"], f"{row['value']}{_in(row.get('dataType'))}"]
    for metric in node.get("metrics", ()):
        samples = f"{len(metric['samples'])} samples, at most {metric['max']:.15g}"
        value = f"{metric.get('value', 0):.15g}{_in(metric.get('format'))}; {samples}"
        yield ["`metrics`", f"`{metric['id']}`", metric["label"], value]
    for held, row in _members(node, "tables", "rows"):
        yield [f"`tables`: {held['label']}", f"`{row['id']}`", "", _joined(_cells(held, row))]
    for parent in node.get("parents", ()):
        yield ["`parents`", f"`{parent['id']}`", parent["label"], f"in `{parent['topologyId']}`"]
    for group, child in _members(node, "children", "nodes"):
        yield [f"`children`: {group['label']}", f"`{child['id']}`", child["label"], f"in `{group['topologyId']}`"]
    for group, row in _members(node, "connections", "connections"):
        cells = _joined(f"{cell['id']} {cell['value']}" for cell in row["metadata"])
        yield [f"`connections`: {group['label']}", f"`{row['nodeId']}`", row["label"], cells]
    for control in node.get("controls", ()):
        who = f"by the probe `{control['probeId']}`, for whoever has `{control['permission']}`"
        yield ["`controls`", f"`{control['id']}`", control["human"], who]


def _members(node: Node, groups: str, members: str) -> Iterator[tuple[Any, Any]]:
    """Each member of each group, with its group."""
    return ((group, member) for group in node.get(groups, ()) for member in group.get(members, ()))


def _cells(held: Node, row: Node) -> Iterator[str]:
    return (row["entries"][column["id"]] for column in held["columns"])


def _quoted(id_: str) -> str:
    return f"`{id_}`"


def _in(unit: str | None) -> str:
    return f" ({unit})" if unit else ""


def _joined(parts: Iterable[object]) -> str:
    return ", ".join(map(str, parts))


_ANSWERS: Mapping[str, Callable[..., str]] = {
    "topologies": _topologies,
    "nodes": _nodes,
    "options": _options,
    "node": _node,
}


def _main() -> None:
    with tempfile.TemporaryDirectory() as folder, reported(Path(folder), REPORT) as mesh:
        PAGE.write_text(answered(PAGE.read_text(), mesh.api()))
        IDS.write_text("".join(f"{url}\n" for url in urls(mesh.api())))


if __name__ == "__main__":
    _main()
