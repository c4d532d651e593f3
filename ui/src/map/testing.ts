// What tests of the map are made with.
import type { Topology, ViewNode } from "../api/types";

/** A node with only what matters to a test. */
export function node(id: string, facts: Partial<ViewNode> = {}): ViewNode {
  return {
    id,
    label: id,
    labelMinor: "",
    rank: id,
    shape: "circle",
    tag: "",
    stack: false,
    pseudo: false,
    metadata: [],
    parents: [],
    metrics: [],
    tables: [],
    adjacency: [],
    quiet: false,
    ...facts,
  };
}

/** A topology with only what matters to a test. */
export function topology(id: string, nodes: number, facts: Partial<Topology> = {}): Topology {
  const stats = { node_count: nodes, nonpseudo_node_count: nodes, edge_count: 0, filtered_nodes: 0 };
  return {
    name: id,
    rank: 1,
    hide_if_empty: false,
    url: `/api/topology/${id}`,
    stats,
    options: [],
    sub_topologies: [],
    ...facts,
  };
}
