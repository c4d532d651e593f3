import type { ViewNode } from "../api/types";
import type { TableColumn } from "./columns";
import type { CellContext } from "./node-cell";
import { NodeRow } from "./node-row";
import styles from "./node-table.module.css";
import { useRows } from "./use-rows";

interface Props {
  scroller: HTMLElement | null;
  rows: readonly { id: string; original: ViewNode }[];
  columns: readonly TableColumn[];
  context: CellContext;
  /** The node whose details are on top. */
  chosen: string;
}

/** The rows of the table that are in sight, with room for all others. */
export function Rows({ scroller, rows, columns, context, chosen }: Props) {
  const { virtualizer, active, onFocus, onKeyDown } = useRows(rows, scroller, chosen);
  let end = 0;
  return (
    <tbody>
      {virtualizer.getVirtualItems().flatMap((item) => {
        const gap = item.start - end;
        end = item.end;
        const node = rows[item.index]?.original;
        return [
          gap > 0 && <Gap key={`before ${item.key}`} size={gap} columns={columns.length} />,
          node && (
            <NodeRow
              key={item.key}
              node={node}
              index={item.index}
              columns={columns}
              context={context}
              chosen={node.id === chosen}
              active={item.index === active}
              onKeyDown={onKeyDown}
              onFocus={onFocus}
            />
          ),
        ];
      })}
      <Gap size={virtualizer.getTotalSize() - end} columns={columns.length} />
    </tbody>
  );
}

function Gap({ size, columns }: { size: number; columns: number }) {
  return size > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus, and no reader shall count it
    <tr aria-hidden="true">
      <td colSpan={columns} className={styles.gap} style={{ blockSize: size }} />
    </tr>
  ) : null;
}
