import type { ReactNode } from "react";
import type { Action } from "../api/action";
import { Button } from "./button";
import { Dialog } from "./dialog";
import styles from "./form.module.css";
import { Problem } from "./notice";

interface Props {
  title: string;
  /** What the button says that does it. */
  label: string;
  /** Whether it cannot be undone. */
  danger?: boolean;
  /** Whether all that it needs was filled in. */
  ready?: boolean;
  action: Pick<Action<never>, "busy" | "problem">;
  onConfirm: () => void;
  onClose: () => void;
  /** What it means. */
  children: ReactNode;
}

/** Asks once more before something is done, and says there why it was refused. */
export function Confirm({ title, label, danger = false, ready = true, action, onConfirm, onClose, children }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        {children}
        {action.problem && <Problem error={action.problem} />}
        <div className={styles.buttons}>
          <Button type="submit" look={danger ? "danger" : "main"} busy={action.busy} disabled={!ready}>
            {label}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
