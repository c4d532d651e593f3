import type { ViewNode } from "../api/types";
import { measured, told } from "../parts/format";
import type { TableColumn } from "./columns";
import styles from "./node-table.module.css";

/** How many of the nodes that one connects to are named. */
const PEERS_NAMED = 3;

export interface CellContext {
  nodes: ReadonlyMap<string, ViewNode>;
  /** Other nodes after each change. */
  at: readonly ViewNode[];
  arriving: ReadonlyMap<string, number>;
  topology: string;
  onOpen: (topology: string, id: string) => void;
}

interface Props {
  node: ViewNode;
  column: TableColumn;
  context: CellContext;
  /** Whether Tab stops in it: in one row only, the others are reached by arrows. */
  tabIndex: 0 | -1;
}

/** What a node says in a column. */
export function NodeCell({ node, column, context, tabIndex }: Props) {
  switch (column.kind) {
    case "metric":
      return <Measure metric={node.metrics.find((one) => one.id === column.key)} />;
    case "connections":
      return <Connections out={node.adjacency.length} into={context.arriving.get(node.id) ?? 0} />;
    case "peers":
      return <Peers node={node} context={context} tabIndex={tabIndex} />;
    case "parent":
      return node.parents
        .filter((one) => one.topologyId === column.key)
        .map(({ id, label }) => (
          <Link key={id} topology={column.key} id={id} label={label} context={context} tabIndex={tabIndex} />
        ));
    default:
      return <Fact row={node.metadata.find((one) => one.id === column.key)} />;
  }
}

function Measure({ metric }: { metric: ViewNode["metrics"][number] | undefined }) {
  if (!metric) {
    return null;
  }
  const share = metric.max > 0 ? Math.min(1, Math.max(0, metric.value / metric.max)) : 0;
  return (
    <span className={styles.measure}>
      <span className={styles.bar} aria-hidden="true">
        <span style={{ inlineSize: `${share * 100}%` }} />
      </span>
      {measured(metric.value, metric.format)}
    </span>
  );
}

function Connections({ out, into }: { out: number; into: number }) {
  return out + into === 0 ? null : <span title={`${out} out, ${into} in`}>{out + into}</span>;
}

function Peers({ node, context, tabIndex }: Omit<Props, "column">) {
  const named = node.adjacency.slice(0, PEERS_NAMED);
  const more = node.adjacency.length - named.length;
  return (
    <>
      {named.map((id) => {
        const label = context.nodes.get(id)?.label ?? id;
        return (
          <Link key={id} topology={context.topology} id={id} label={label} context={context} tabIndex={tabIndex} />
        );
      })}
      {more > 0 && <span className={styles.quiet}>and {more} more</span>}
    </>
  );
}

function Fact({ row }: { row: ViewNode["metadata"][number] | undefined }) {
  if (!row) {
    return null;
  }
  const whole = told(row.value, row.dataType);
  return <span title={whole}>{row.truncate > 0 ? whole.slice(0, row.truncate) : whole}</span>;
}

interface LinkProps {
  topology: string;
  id: string;
  label: string;
  context: CellContext;
  tabIndex: 0 | -1;
}

function Link({ topology, id, label, context, tabIndex }: LinkProps) {
  return (
    <button type="button" tabIndex={tabIndex} className={styles.link} onClick={() => context.onOpen(topology, id)}>
      {label}
    </button>
  );
}
