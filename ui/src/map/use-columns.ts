import { useMemo, useState } from "react";
import type { Topology, ViewNode } from "../api/types";
import { columnsOf, type TableColumn, visibility } from "./columns";
import { singular } from "./topologies";

interface Columns {
  columns: readonly TableColumn[];
  /** Whether each shows, by id. */
  shown: Readonly<Record<string, boolean>>;
  show: (id: string, whether: boolean) => void;
  /** Forgets what was chosen. */
  reset: () => void;
}

/** The columns for some nodes of a topology, and which of them show: what was chosen is kept by the browser. */
export function useColumns(topology: string, nodes: readonly ViewNode[], topologies: readonly Topology[]): Columns {
  const said = useMemo(() => JSON.stringify(columnsOf(nodes, (id) => singular(topologies, id))), [nodes, topologies]);
  // The same columns stay the same objects, so that the table is not made anew by every measurement.
  const columns = useMemo(() => JSON.parse(said) as TableColumn[], [said]);
  const [chosen, setChosen] = useState(() => remembered(topology));
  const keep = (next: Record<string, boolean>) => {
    setChosen(next);
    remember(topology, next);
  };
  return {
    columns,
    shown: useMemo(() => visibility(columns, chosen), [columns, chosen]),
    show: (id, whether) => keep({ ...chosen, [id]: whether }),
    reset: () => keep({}),
  };
}

function remembered(topology: string): Record<string, boolean> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`scope-columns-${topology}`) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Record<string, boolean>) : {};
  } catch {
    return {};
  }
}

function remember(topology: string, chosen: Record<string, boolean>): void {
  try {
    localStorage.setItem(`scope-columns-${topology}`, JSON.stringify(chosen));
  } catch {
    // A browser that keeps nothing shows them as long as the page is there.
  }
}
