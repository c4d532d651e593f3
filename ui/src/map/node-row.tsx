import { type KeyboardEvent, memo } from "react";
import type { ViewNode } from "../api/types";
import type { TableColumn } from "./columns";
import { type CellContext, NodeCell } from "./node-cell";
import styles from "./node-table.module.css";

interface Props {
  node: ViewNode;
  /** Where it stands, from 0. */
  index: number;
  columns: readonly TableColumn[];
  context: CellContext;
  /** Whether its details are on top. */
  chosen: boolean;
  /** Whether Tab stops in it. */
  active: boolean;
  onKeyDown: (event: KeyboardEvent, index: number) => void;
  onFocus: (index: number) => void;
}

/** A node as a row of the table: its name opens its details. Scrolling draws only rows that come into sight. */
export const NodeRow = memo(function NodeRow(props: Props) {
  const { node, index, columns, context, chosen, active, onKeyDown, onFocus } = props;
  const tabIndex = active ? 0 : -1;
  const [, ...others] = columns;
  return (
    <tr
      className={styles.row}
      aria-rowindex={index + 2}
      aria-selected={chosen}
      data-node={node.id}
      onFocus={() => onFocus(index)}
    >
      <th scope="row">
        <div className={styles.first}>
          <button
            type="button"
            tabIndex={tabIndex}
            data-index={index}
            className={styles.name}
            onClick={() => context.onOpen(context.topology, node.id)}
            onKeyDown={(event) => onKeyDown(event, index)}
            title={`${node.label} ${node.labelMinor}`}
          >
            <span className={styles.label}>{node.label}</span> <span className={styles.quiet}>{node.labelMinor}</span>
          </button>
          {node.quiet && <span className={styles.badge}>quiet</span>}
        </div>
      </th>
      {others.map((column) => (
        <td key={column.id} data-kind={column.kind} data-format={column.format}>
          <NodeCell node={node} column={column} context={context} tabIndex={tabIndex} />
        </td>
      ))}
    </tr>
  );
});
