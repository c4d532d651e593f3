import { Button } from "../parts/button";
import { Popover } from "../parts/popover";
import type { TableColumn } from "./columns";
import styles from "./node-table.module.css";

interface Props {
  columns: readonly TableColumn[];
  shown: Readonly<Record<string, boolean>>;
  onShow: (id: string, whether: boolean) => void;
  onReset: () => void;
}

/** Which columns the table shows; the name always. */
export function ColumnMenu({ columns, shown, onShow, onReset }: Props) {
  return (
    <Popover label="Columns" title="Choose the columns of the table">
      <fieldset className={styles.columns}>
        <legend>Columns</legend>
        {columns
          .filter((one) => one.kind !== "name")
          .map((one) => (
            <label key={one.id}>
              <input
                type="checkbox"
                checked={shown[one.id] ?? false}
                onChange={(event) => onShow(one.id, event.target.checked)}
              />
              {one.label}
            </label>
          ))}
        <Button onClick={onReset}>As at first</Button>
      </fieldset>
    </Popover>
  );
}
