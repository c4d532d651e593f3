import type { ViewNode } from "../api/types";
import { visitFields } from "./fields";

/** What can be searched by name. */
export interface Names {
  /** Before a colon. */
  readonly fields: readonly string[];
  /** Before a comparison. */
  readonly metrics: readonly string[];
}

/** Names that are on so many nodes say what there is; those of more are not looked at. */
const NODES = 500;

/** The names of what can be searched in nodes like these, in alphabetical order. */
export function searchableNames(nodes: Iterable<ViewNode>): Names {
  const fields = new Set<string>();
  const metrics = new Set<string>();
  let count = 0;
  for (const node of nodes) {
    if (count++ === NODES) {
      break;
    }
    visitFields(node, (kind, _id, name) => kind !== "table" && fields.add(name));
    for (const { label } of node.metrics) {
      metrics.add(label);
    }
    for (const { columns } of node.tables) {
      for (const { label } of columns) {
        fields.add(label);
      }
    }
  }
  return { fields: sorted(fields), metrics: sorted(metrics) };
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort((one, other) => one.localeCompare(other));
}
